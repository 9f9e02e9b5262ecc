// Issues a number for a person at the desk. One request id per press, kept over retries, so a lost answer makes no second number.
import { Lost, Problem, command } from "./api.js";
import { minutes } from "./clock.js";

const form = document.getElementById("issue"), line = document.getElementById("say"), made = document.getElementById("made");
const button = form.querySelector("button");

function fieldsOf(data) {
  const fields = { service: data.get("service"), source: "desk", lang: data.get("lang"), party: Number(data.get("party")) || 1, on_behalf: data.get("on_behalf") === "1", needs: data.getAll("needs") };
  if (data.get("priority_class")) fields.priority_class = data.get("priority_class");
  return fields;
}

function tell(text) { line.className = text ? "note bad" : ""; line.textContent = text; }

form.addEventListener("submit", async event => {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true; tell(""); made.hidden = true;
  try {
    const ticket = await command("/tickets", fieldsOf(new FormData(form)), () => tell("Máy chủ chưa trả lời, đang gửi lại…"));
    tell("");
    document.getElementById("made-label").textContent = ticket.label;
    const wait = ticket.estimate && ticket.estimate.high_s > 60 ? ", khoảng " + Math.floor(ticket.estimate.low_s / 60) + "–" + minutes(ticket.estimate.high_s) : "";
    document.getElementById("made-more").textContent = "Trước người này: " + (ticket.ahead || 0) + " người" + wait + ".";
    made.hidden = false; made.scrollIntoView({ block: "nearest" });
    form.reset();
  } catch (error) {
    if (error instanceof Problem) tell(error.message);
    else if (error instanceof Lost) tell("Chưa rõ số đã lấy chưa. Xem danh sách bên cạnh rồi hãy bấm lại.");
    else throw error;
  } finally { button.disabled = false; }
});

// A slip of which nobody knows whether it came out: somebody shows the number, or gets it in writing.
document.addEventListener("click", async event => {
  const pressed = event.target.closest("[data-held], [data-written]");
  if (!pressed || pressed.disabled) return;
  const { held, written } = pressed.dataset, path = "/tickets/" + (held || written);
  pressed.disabled = true; tell("");
  try {
    if (held) await command(path + "/print-outcome", { outcome: "printed", detail: "shown at the desk" });
    else await command(path + "/reprint", { reason: "written by hand at the desk" });
    document.body.dispatchEvent(new CustomEvent("changed"));
  } catch (error) {
    if (error instanceof Problem) tell(error.message);
    else if (error instanceof Lost) tell("Máy chủ chưa trả lời. Xin bấm lại.");
    else throw error;
    pressed.disabled = false;
  }
});
