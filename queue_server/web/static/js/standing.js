// The technician's two decisions about this server: take over, and believe the clock. Each is asked for twice.
import { Lost, Problem, command } from "./api.js";

const PATHS = { promote: "/replica/promote", clock: "/clock/confirm" }, WORD = "THAY";
const dialog = name => document.getElementById(name), word = document.getElementById("promote-word");
const go = name => dialog(name).querySelector("[data-do]");

function tell(name, text) { const line = dialog(name).querySelector("[data-say]"); line.className = text ? "say note bad" : "say"; line.textContent = text; }

async function act(name) {
  go(name).disabled = true; tell(name, "");
  try {
    await command(PATHS[name], {});
    location.reload();
  } catch (error) {
    if (error instanceof Problem) tell(name, error.code === "conflict" ? "Không còn việc này để làm: có lẽ đã có người làm rồi." : error.message);
    else if (error instanceof Lost) tell(name, "Máy này chưa trả lời. Chờ một phút rồi tải lại trang để xem.");
    else throw error;
    go(name).disabled = false;
  }
}

document.addEventListener("click", event => {
  const asked = event.target.closest("[data-ask]"), done = event.target.closest("dialog [data-do]");
  if (asked) {
    const name = asked.dataset.ask, wall = document.querySelector("#leap .clocks div:last-child dd");
    tell(name, ""); word.value = ""; go("promote").disabled = true;
    if (wall) document.getElementById("clock-wall").textContent = wall.textContent;
    dialog(name).showModal();
  } else if (done) act(done.dataset.do);
});
word.addEventListener("input", () => { go("promote").disabled = word.value.trim().toUpperCase() !== WORD; });
