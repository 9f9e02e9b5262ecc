// One device, and the page of orders: gives and withdraws orders, suspends, revokes, tells a loss. What cannot be taken back wants the name typed.
import { Lost, Problem, command } from "./api.js";

const byId = id => document.getElementById(id), root = byId("device"), device = root ? root.dataset.device : "";
let pending = null;

function say(text, tone, place) { const line = place || byId("said"); line.textContent = text; line.className = "say" + (tone ? " " + tone : ""); }
function words(error) {
  if (error instanceof Lost) return "Máy chủ chưa trả lời. Thử lại sau.";
  if (!(error instanceof Problem)) throw error;
  return error.message;
}
function fresh() { document.body.dispatchEvent(new CustomEvent("changed")); }

async function run(path, body, done, place) {
  try { await command(path, body); say(done, "note good"); fresh(); return true; } catch (error) { say(words(error), "bad", place); return false; }
}

function order(kind, name) {
  const body = { kind };
  if (kind === "logs") body.args = { since: "yesterday" };
  if (kind === "wipe") body.confirm = device;
  return { path: "/devices/" + encodeURIComponent(device) + "/orders", body, done: "Đã gửi lệnh “" + name + "”. Kết quả hiện bên dưới." };
}

function ask(button, doing) {
  pending = { ...doing, sure: Boolean(button.dataset.sure) };
  byId("sure-title").textContent = button.textContent.replace("…", "") + "?";
  byId("sure-what").textContent = button.dataset.ask;
  byId("sure-name").hidden = !pending.sure; byId("sure-typed").value = "";
  say("", "", byId("sure").querySelector("[data-say]"));
  byId("sure").showModal();
}

async function go() {
  const line = byId("sure").querySelector("[data-say]");
  if (pending.sure && byId("sure-typed").value.trim() !== device) { say("Tên máy chưa đúng.", "bad", line); byId("sure-typed").focus(); return; }
  byId("sure-go").disabled = true;
  if (await run(pending.path, pending.body, pending.done, line)) { byId("sure").close(); if (pending.reload) location.reload(); }
  byId("sure-go").disabled = false;
}

document.addEventListener("click", event => {
  const at = selector => event.target.closest(selector), kind = at("[data-order]"), about = at("[data-about]");
  if (kind) {
    const doing = order(kind.dataset.order, kind.textContent.trim());
    if (kind.dataset.ask) ask(kind, doing); else run(doing.path, doing.body, doing.done);
  } else if (about) {
    const doing = { path: "/devices/" + encodeURIComponent(device) + "/" + about.dataset.about, body: {}, done: "Đã làm xong, có hiệu lực ngay.", reload: true };
    if (about.dataset.ask) ask(about, doing); else run(doing.path, doing.body, doing.done).then(ok => { if (ok) location.reload(); });
  } else if (at("#sure-go")) go();
  else if (at("[data-withdraw]")) run("/devices/orders/" + encodeURIComponent(at("[data-withdraw]").dataset.withdraw) + "/withdraw", {}, "Đã rút lại.");
  else if (at("[data-stop-wave]")) run("/devices/waves/" + encodeURIComponent(at("[data-stop-wave]").dataset.stopWave) + "/stop", {}, "Đã dừng. Máy nào chưa nhận lệnh sẽ không nhận nữa.");
});
if (byId("sure")) byId("sure").querySelector("form").addEventListener("submit", event => { if (!event.submitter || event.submitter.value !== "no") { event.preventDefault(); go(); } });
