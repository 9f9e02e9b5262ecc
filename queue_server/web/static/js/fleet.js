// The list of devices: which are chosen (kept over every refresh of the list), one order to all of these, and admitting a new one.
import { Lost, Problem, command } from "./api.js";

const byId = id => document.getElementById(id), chosen = new Set();
let enrolment = "";

function tell(place, text) { place.textContent = text; place.classList.toggle("bad", Boolean(text)); }
function words(error) {
  if (error instanceof Lost) return "Máy chủ chưa trả lời. Thử lại sau.";
  if (!(error instanceof Problem)) throw error;
  return (error.body.errors || []).length ? error.message + " (" + error.body.errors.map(each => each.pointer.slice(1) + ": " + each.detail).join("; ") + ")" : error.message;
}

// ---------------------------------------------------------------- choosing
function draw() {
  const boxes = Array.from(document.querySelectorAll("[data-choose]")), all = byId("choose-all");
  boxes.forEach(box => { box.checked = chosen.has(box.dataset.choose); });
  if (all) { all.checked = boxes.length > 0 && boxes.every(box => box.checked); all.indeterminate = !all.checked && boxes.some(box => box.checked); }
  byId("chosen").hidden = chosen.size === 0;
  byId("chosen-n").textContent = String(chosen.size);
}

document.addEventListener("change", event => {
  const box = event.target;
  if (box.id === "w-kind") { explain(); return; }
  if (box.id !== "choose-all" && !box.dataset.choose) return;
  const boxes = box.id === "choose-all" ? Array.from(document.querySelectorAll("[data-choose]")) : [box];
  boxes.forEach(each => { if (box.checked) chosen.add(each.dataset.choose); else chosen.delete(each.dataset.choose); });
  draw();
});
// The list is drawn anew every few seconds: what had the focus gets it back.
let held = "";
document.body.addEventListener("htmx:beforeSwap", () => { const at = document.activeElement; held = at && at.closest("#live") ? at.id || at.dataset.choose || at.getAttribute("href") || "" : ""; });
document.body.addEventListener("htmx:afterSettle", () => {
  draw();
  if (!held) return;
  const back = Array.from(document.querySelectorAll("#live a, #live input, #live button")).find(each => (each.id || each.dataset.choose || each.getAttribute("href")) === held);
  if (back) back.focus();
});

// ---------------------------------------------------------------- one order to many
function explain() { const kind = byId("w-kind"); byId("w-what").textContent = kind.options[kind.selectedIndex].dataset.what; }

async function send() {
  const say = byId("wave").querySelector("[data-say]"), devices = Array.from(chosen), kind = byId("w-kind").value;
  const body = { kind, devices, size: Number(byId("w-size").value), stop_after: Number(byId("w-stop").value) };
  if (kind === "logs") body.args = { since: "yesterday" };
  byId("w-send").disabled = true;
  try { await command("/devices/waves", body); location.assign("/technician/orders"); } catch (error) { tell(say, words(error)); byId("w-send").disabled = false; }
}

// ---------------------------------------------------------------- admitting
function ask(row) {
  enrolment = row.dataset.enrolment;
  byId("a-words").textContent = row.dataset.words; byId("a-name").value = row.dataset.name; byId("a-match").checked = false; byId("a-code").value = ""; byId("a-replaces").value = "";
  tell(byId("accept").querySelector("[data-say]"), "");
  byId("accept").showModal();
}

async function accept() {
  const say = byId("accept").querySelector("[data-say]"), body = {};
  for (const [field, id] of [["name", "a-name"], ["replaces", "a-replaces"], ["user_code", "a-code"]]) if (byId(id).value.trim()) body[field] = byId(id).value.trim();
  if (byId("a-match").checked) body.words_match = true;
  if (!body.words_match && !body.user_code) { tell(say, "So bốn chữ rồi đánh dấu, hoặc gõ mã trên máy."); byId("a-match").focus(); return; }
  byId("a-send").disabled = true;
  try {
    await command("/enrolments/" + encodeURIComponent(enrolment) + "/accept", body);
    byId("accept").close(); document.body.dispatchEvent(new CustomEvent("changed"));
  } catch (error) { tell(say, words(error)); }
  byId("a-send").disabled = false;
}

async function refuse(row) {
  try { await command("/enrolments/" + encodeURIComponent(row.dataset.enrolment) + "/refuse", {}); document.body.dispatchEvent(new CustomEvent("changed")); } catch (error) { byId("banner").className = "banner"; byId("banner").textContent = words(error); }
}

document.addEventListener("click", event => {
  const at = selector => event.target.closest(selector);
  if (at("#choose-none")) { chosen.clear(); draw(); }
  else if (at("#choose-go")) {
    byId("w-list").textContent = Array.from(chosen).join(", "); byId("w-n").textContent = String(chosen.size);
    tell(byId("wave").querySelector("[data-say]"), ""); byId("w-send").disabled = false; explain(); byId("wave").showModal();
  }
  else if (at("#w-send")) send();
  else if (at("#a-send")) accept();
  else if (at("[data-accept]")) ask(at("[data-enrolment]"));
  else if (at("[data-refuse]")) refuse(at("[data-enrolment]"));
});
draw();
