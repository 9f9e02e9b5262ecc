// Settings of devices: what was changed becomes one document, is shown device by device, and stored as one version.
import { Lost, Problem, command, get, postOnce, requestId } from "./api.js";

const root = document.getElementById("settings"), byId = id => document.getElementById(id), device = root.dataset.device, version = Number(root.dataset.version);
const fields = Array.from(root.querySelectorAll("[data-setting]"));
const FAULTS = { out_of_range: "Ngoài khoảng cho phép.", bad_format: "Chưa đúng cách viết.", unknown_value: "Không có lựa chọn này.", wrong_type: "Chưa đúng kiểu." };

function read(field) {
  const text = field.value.trim();
  if (!text) return null;
  if (field.dataset.kind === "whole") return Number(text);
  return field.dataset.kind === "lines" ? text.split(/\s*\n\s*/).filter(Boolean) : text;
}
// What the page was sent with counts as before, also where a browser kept what was typed.
function asSent(field) {
  if (!field.options) return field.defaultValue;
  const sent = Array.from(field.options).find(option => option.defaultSelected);
  return sent ? sent.value : "";
}
const changed = () => fields.filter(field => field.value.trim() !== asSent(field).trim());

function wanted() {
  const document = {};
  fields.forEach(field => {
    const value = read(field), [group, inner] = field.dataset.setting.split(".");
    if (value === null) return;
    if (inner) (document[group] = document[group] || {})[inner] = value; else document[group] = value;
  });
  return { device, version, document };
}

function refresh() {
  const now = changed();
  fields.forEach(field => field.closest(".field").classList.toggle("changed", now.includes(field)));
  byId("save").hidden = now.length === 0;
  byId("count").textContent = String(now.length);
}

function tell(line, text) { line.textContent = text; line.classList.toggle("bad", Boolean(text)); }
function faults(error) {
  let first = null;
  for (const each of (error.body && error.body.errors) || []) {
    const name = each.pointer.replace("/document/", "").replace("/", "."), field = fields.find(one => one.dataset.setting === name);
    if (!field) continue;
    tell(field.closest(".field").querySelector("[data-say]"), FAULTS[each.code] || each.detail);
    field.setAttribute("aria-invalid", "true");
    first = first || field;
  }
  if (first) { byId("preview").close(); first.focus(); }
  return Boolean(first);
}
function wrong(error, line) {
  if (!(error instanceof Problem) && !(error instanceof Lost)) throw error;
  if (error instanceof Problem && faults(error)) return;
  tell(line, error instanceof Problem ? error.message : "Máy chủ chưa trả lời. Thay đổi vẫn còn ở đây; thử lại sau.");
}

const said = value => (value === null || value === undefined ? "không đặt" : Array.isArray(value) ? value.join(", ") : String(value));
function title(key) { const field = fields.find(one => one.dataset.setting === key); return field ? field.closest(".field").querySelector("label").textContent : key; }
function row(text, strong) { const made = document.createElement("li"); if (strong) { const name = document.createElement("b"); name.textContent = strong + " "; made.append(name); } made.append(text); return made; }

async function look() {
  const dialog = byId("preview"), line = dialog.querySelector("[data-say]");
  fields.forEach(field => { field.removeAttribute("aria-invalid"); tell(field.closest(".field").querySelector("[data-say]"), ""); });
  tell(line, ""); byId("store").disabled = true; byId("changes").replaceChildren(); byId("on").replaceChildren(); byId("touched").textContent = "";
  dialog.showModal();
  try {
    const found = await postOnce("/devices/config/preview", Object.assign({ request_id: requestId() }, wanted()));
    const list = changes => changes.map(each => title(each.key) + ": " + said(each.from) + " → " + said(each.to)).join("; ");
    byId("changes").replaceChildren(...found.changes.map(each => row(list([each]))));
    byId("touched").textContent = found.devices.length ? "Trên " + found.devices.length + " máy:" : "Không máy nào đang chạy khác đi.";
    byId("on").hidden = found.devices.length === 0;
    byId("on").replaceChildren(...found.devices.map(each => row(list(each.changes), each.device)));
    byId("store").disabled = false;
  } catch (error) { wrong(error, line); }
}

let leaving = false;
function again(text) { sessionStorage.setItem("saved", text); leaving = true; location.reload(); }
async function store() {
  byId("store").disabled = true;
  try { const done = await command("/devices/config/change", wanted()); again("Đã lưu bản " + done.version + ". Các máy tự nhận ở lần báo tới."); } catch (error) { byId("store").disabled = false; wrong(error, byId("preview").querySelector("[data-say]")); }
}
async function restore(to) {
  try { const done = await command("/devices/config/restore", { device, version, to }); again("Đã lấy lại bản " + to + ", lưu thành bản " + done.version + "."); } catch (error) { wrong(error, byId("saved")); }
}

document.addEventListener("click", event => {
  const at = selector => event.target.closest(selector);
  if (at("#look")) look();
  else if (at("#store")) store();
  else if (at("#drop")) { leaving = true; location.reload(); }
  else if (at("[data-restore]")) restore(Number(at("[data-restore]").dataset.restore));
});
root.addEventListener("input", refresh);
window.addEventListener("beforeunload", event => { if (!leaving && changed().length) event.preventDefault(); });
refresh();
const saved = sessionStorage.getItem("saved");
if (saved) { byId("saved").className = "say note good"; byId("saved").textContent = saved; sessionStorage.removeItem("saved"); }
get("/session").then(() => { byId("link").textContent = "Đã kết nối"; }, () => { byId("link").dataset.state = "lost"; byId("link").textContent = "Mất kết nối"; });
