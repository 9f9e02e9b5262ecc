// Enters slips of the paper book. Number, day, time and service go on from the slip before, so most slips need one or two changes and a button.
import { Lost, Problem, command } from "./api.js";
import { follow } from "./link.js";
import { LINK } from "./words.js";

const form = document.getElementById("paper"), line = document.getElementById("say"), entered = document.getElementById("entered");
const OUTCOME = { completed: "Đã xong", no_show: "Vắng mặt", waiting: "Còn chờ" };
let count = 0;

function tell(text, tone) { line.className = text ? "note " + tone : ""; line.textContent = text; }

function series() { return form.label.value.slice(0, 1).toUpperCase(); }

// Only the services whose numbers begin with this letter.
function narrow() {
  let open = 0, only = null;
  document.querySelectorAll("[data-series]").forEach(choice => {
    const input = choice.querySelector("input"), fits = choice.dataset.series === series();
    choice.hidden = !fits; input.disabled = !fits;
    if (!fits) input.checked = false; else { open++; only = input; }
  });
  if (open === 1) only.checked = true;
}

function at(day, time) { return day + "T" + time.padStart(5, "0") + ":00+07:00"; }

function row(texts) {
  const made = document.createElement("tr");
  texts.forEach((text, n) => { const cell = document.createElement("td"); if (n !== 1 && n !== 3) cell.className = "n"; cell.textContent = text; made.append(cell); });
  return made;
}

form.addEventListener("submit", async event => {
  event.preventDefault();
  const data = new FormData(form), outcome = event.submitter ? event.submitter.value : "waiting", number = Number(data.get("label").slice(1)), buttons = form.querySelectorAll("button");
  const fields = { series: series(), number, service: data.get("service"), issued_at: at(data.get("day"), data.get("issued")), outcome };
  if (data.get("ended") && outcome !== "waiting") fields.ended_at = at(data.get("day"), data.get("ended"));
  if (data.get("counter") && outcome === "completed") fields.counter = data.get("counter");
  buttons.forEach(button => { button.disabled = true; }); tell("", "");
  try {
    const ticket = await command("/tickets/paper", fields, () => tell("Máy chủ chưa trả lời, đang gửi lại…", "warn"));
    const name = form.querySelector("input[name=service]:checked").parentNode.textContent.trim();
    entered.prepend(row([ticket.label, name, data.get("issued"), ticket.state === "expired" ? "Hết ngày" : OUTCOME[outcome]]));
    document.getElementById("count").textContent = String(++count);
    tell("Đã nhập " + ticket.label + ".", "good");
    form.ended.value = "";
    if (number < 999) form.label.value = series() + String(number + 1);
    form.issued.select();
  } catch (error) {
    if (error instanceof Problem) tell(error.code === "conflict" ? "Số " + data.get("label") + " của ngày này đã nhập rồi." : (error.body.errors || []).some(fault => fault.pointer === "/issued_at") ? "Giờ lấy số phải trước bây giờ và không quá 7 ngày." : error.message, "bad");
    else if (error instanceof Lost) tell("Chưa rõ máy chủ đã nhận chưa. Bấm lại: số đã nhập sẽ không nhập hai lần.", "bad");
    else throw error;
  } finally { buttons.forEach(button => { button.disabled = false; }); }
});
follow({ onState(state) { const mark = document.getElementById("link"); mark.dataset.state = state; mark.textContent = LINK[state]; } });
form.label.addEventListener("input", narrow);
narrow();
