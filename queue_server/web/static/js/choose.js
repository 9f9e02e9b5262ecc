// The list of counters: opens a closed one, goes back to one's own, asks before taking one over.
import { Lost, Problem, command, requestId } from "./api.js";
import { askTakeOver } from "./dialogs.js";
import { holdOf } from "./hold.js";
import { follow } from "./link.js";
import { LINK } from "./words.js";

const line = document.getElementById("say");
let position = "";
follow({
  onLog(event, id) { position = id || position; },
  onSnapshot(snapshot) { position = snapshot.position || position; },
  onState(state) { const mark = document.getElementById("link"); mark.dataset.state = state; mark.textContent = LINK[state]; }
});

async function open(code, takeOver) {
  const id = requestId();
  try {
    await command("/counters/" + encodeURIComponent(code) + "/open", takeOver ? { request_id: id, take_over: true } : { request_id: id });
    await holdOf(code).take(id, position);
    location.assign("/counter/" + encodeURIComponent(code));
  } catch (error) {
    if (error instanceof Problem && error.code === "counter_taken" && !takeOver) {
      if (await askTakeOver(code, "Quầy đang mở ở máy khác. Máy kia sẽ chỉ còn xem được.")) await open(code, true);
    } else if (error instanceof Problem || error instanceof Lost) {
      line.className = "say note bad";
      line.textContent = error.message || "Máy chủ chưa trả lời. Xin thử lại.";
    } else throw error;
  }
}

document.querySelector(".counters").addEventListener("click", event => {
  const button = event.target.closest("[data-counter]");
  if (!button) return;
  if (button.dataset.mine === "yes" && holdOf(button.dataset.counter).cmd) location.assign("/counter/" + encodeURIComponent(button.dataset.counter));
  else open(button.dataset.counter, false);
});
