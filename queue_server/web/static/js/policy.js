// The manager's settings: what was changed is gathered, shown as sentences, stored as one version; faults go to their fields.
import { Lost, Problem, command, get, postOnce, requestId } from "./api.js";
import { absenceText, exceptionsOf, spansOf } from "./policy_text.js";

const root = document.getElementById("policy"), byId = id => document.getElementById(id);
const version = Number(root.dataset.version), FAULTS = JSON.parse(root.dataset.faults);
const fields = () => Array.from(root.querySelectorAll("[data-pointer]"));
const number = text => (text.trim() === "" ? null : Number(text));
let asked = [];

// ---------------------------------------------------------------- reading
const READ = {
  flag: field => field.checked,
  word: field => field.value || null,
  count: field => number(field.value),
  maybe: field => number(field.value),
  minutes: field => (number(field.value) === null ? null : number(field.value) * 60),
  targets: field => field.value.split(/[,;\s]+/).filter(Boolean).map(minutes => Number(minutes) * 60),
  halves: field => {
    const both = Array.from(field.querySelectorAll("input"), one => number(one.value));
    return both.every(one => one === null) ? null : both;
  },
  absent: field => Array.from(field.querySelectorAll("[data-absent]"), row => JSON.parse(row.dataset.absent)),
  calendar: field => {
    const weekly = {};
    field.querySelectorAll("[data-day]").forEach(day => { const spans = spansOf(day.value); if (spans.length) weekly[day.dataset.day] = spans; });
    return { weekly, exceptions: exceptionsOf(field.querySelector("[data-exceptions]").value) };
  },
};
const read = field => READ[field.dataset.kind](field);
// What somebody typed before this script came is a change too: what was there before is what the page was sent with.
function asSent(each) {
  if (each.type === "checkbox") each.checked = each.defaultChecked;
  else if (each.options) each.selectedIndex = Math.max(0, Array.from(each.options).findIndex(option => option.defaultSelected));
  else each.value = each.defaultValue;
}
const typed = Array.from(root.querySelectorAll("input, select, textarea"), each => [each, each.checked, each.value]);
typed.forEach(([each]) => asSent(each));
const before = new Map(fields().map(field => [field, JSON.stringify(read(field))]));
const said = new Map();
fields().forEach(field => { said.set(field, shown(field)); });
typed.forEach(([each, checked, value]) => { if (each.type === "checkbox") each.checked = checked; else each.value = value; });
refresh();

function changed() {
  return fields().filter(field => JSON.stringify(read(field)) !== before.get(field));
}

function shown(field) {
  const value = read(field), kind = field.dataset.kind;
  if (kind === "flag") return value ? "có" : "không";
  if (kind === "absent") return value.map(absenceText).join("; ") || "không vắng buổi nào";
  if (kind === "calendar") return said.has(field) ? "giờ mới" : "giờ cũ";
  if (kind === "word") return field.options[field.selectedIndex].text;
  if (kind === "halves") return value === null ? "không giới hạn" : "sáng " + (value[0] === null ? "?" : value[0]) + ", chiều " + (value[1] === null ? "?" : value[1]);
  return value === null ? "không giới hạn" : field.value + " " + (field.dataset.unit || "");
}

// ---------------------------------------------------------------- showing
function tell(line, text) { line.textContent = text; line.classList.toggle("bad", Boolean(text)); }

function line(field) {
  const holder = field.closest(".setting, .field, fieldset") || field;
  return holder.querySelector("[data-say]");
}

function mark(field, text) {
  field.setAttribute("aria-invalid", text ? "true" : "false");
  tell(line(field), text);
}

function fault(each) { return FAULTS[each.code] || each.detail; }

function again() { leaving = true; location.reload(); }

function refresh() {
  const now = changed();
  fields().forEach(field => field.classList.toggle("changed", now.includes(field)));
  byId("save").hidden = now.length === 0;
  byId("count").textContent = String(now.length);
}

function drawAbsences() {
  root.querySelectorAll("[data-absent]").forEach(row => { row.firstElementChild.textContent = absenceText(JSON.parse(row.dataset.absent)); });
}

function atFields(problem) {
  let first = null;
  for (const each of (problem.body.errors || [])) {
    const n = /^\/changes\/(\d+)/.exec(each.pointer), field = n && asked[Number(n[1])];
    if (field) { mark(field, fault(each)); first = first || field; }
  }
  if (first) { byId("preview").close(); (first.matches("input, select, textarea") ? first : first.querySelector("input, button, textarea")).focus(); }
  return Boolean(first);
}

function say(dialog, error) {
  const words = error instanceof Problem ? error.message : "Máy chủ chưa trả lời. Các thay đổi vẫn còn ở đây; thử lại sau.";
  if (!(error instanceof Problem) && !(error instanceof Lost)) throw error;
  if (error instanceof Problem && atFields(error)) return;
  tell(dialog.querySelector("[data-say]"), words);
}

// ---------------------------------------------------------------- looking and storing
function wanted() {
  asked = changed();
  return { version, changes: asked.map(field => ({ pointer: field.dataset.pointer, value: read(field) })) };
}

async function look() {
  fields().forEach(field => mark(field, ""));
  const dialog = byId("preview"), list = byId("changes"), body = wanted();
  tell(dialog.querySelector("[data-say]"), "");
  list.replaceChildren(...asked.map(field => {
    const row = document.createElement("li"), effect = document.createElement("small");
    row.textContent = field.dataset.title + ": " + said.get(field) + " → " + shown(field);
    effect.textContent = (field.dataset.effect || "").replace("{v}", shown(field));
    row.append(effect);
    return row;
  }));
  dialog.showModal();
  byId("store").disabled = true;
  try { await postOnce("/config/preview", Object.assign({ request_id: requestId() }, body)); byId("store").disabled = false; } catch (error) { say(dialog, error); }
}

async function store() {
  byId("store").disabled = true;
  try {
    const done = await command("/config/change", wanted());
    sessionStorage.setItem("saved", "Đã lưu. Cài đặt bản số " + done.version + " có hiệu lực từ bây giờ.");
    again();
  } catch (error) { byId("store").disabled = false; say(byId("preview"), error); }
}

// ---------------------------------------------------------------- a temporary service
async function surge(event) {
  event.preventDefault();
  const form = event.target, value = name => form.elements[name].value.trim();
  const body = { code: value("code"), name: value("name"), series: value("series").toUpperCase(), split: value("split") === "1",
    counters: Array.from(form.querySelectorAll("[name=counters]:checked"), box => box.value) };
  if (value("until")) body.until = value("until") + ":00+07:00";
  form.querySelectorAll("[data-say]").forEach(each => tell(each, ""));
  try {
    await command("/services", body);
    sessionStorage.setItem("saved", "Đã mở: " + body.name + ". Máy lấy số và các quầy đã chọn dùng được ngay.");
    again();
  } catch (error) {
    const errors = error instanceof Problem ? error.body.errors || [] : [];
    for (const each of errors) {
      const name = each.pointer.split("/")[1], input = form.querySelector('[name="' + name + '"]');
      const place = form.querySelector('[data-for="' + name + '"]') || (input && input.closest(".field").querySelector("[data-say]"));
      tell(place || form.querySelector("[data-say]"), fault(each));
    }
    if (errors.length === 0) tell(form.querySelector("[data-say]"), error.message || "Máy chủ chưa trả lời. Thử lại sau.");
  }
}

async function end(code) {
  try { await command("/services/" + encodeURIComponent(code) + "/end", {}); again(); } catch (error) {
    tell(byId("saved"), error instanceof Problem ? error.message : "Máy chủ chưa trả lời. Thử lại sau.");
  }
}

// ---------------------------------------------------------------- absences and calendars
function addAbsence() {
  const dialog = byId("absence"), from = byId("a-from").value, to = byId("a-to").value;
  if (!from || !to || to < from) { tell(dialog.querySelector("[data-say]"), "Chọn ngày bắt đầu và ngày kết thúc không sớm hơn."); return; }
  const told = { from, to };
  if (byId("a-half").value) told.half = byId("a-half").value;
  if (byId("a-note").value.trim()) told.note = byId("a-note").value.trim();
  const row = document.createElement("li"), drop = document.createElement("button");
  row.dataset.absent = JSON.stringify(told);
  drop.type = "button"; drop.className = "small"; drop.dataset.drop = ""; drop.textContent = "Bỏ";
  row.append(document.createElement("span"), " ", drop);
  root.querySelector('[data-pointer="/services/' + dialog.dataset.code + '/absent"] ul').append(row);
  drawAbsences(); refresh(); dialog.close();
}

async function addCalendar() {
  const dialog = byId("calendar-new"), name = byId("n-name").value.trim(), day = [["07:00", "11:30"], ["13:30", "17:00"]];
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/.test(name)) { tell(dialog.querySelector("[data-say]"), FAULTS.bad_format); return; }
  const value = { weekly: { 1: day, 2: day, 3: day, 4: day, 5: day } };
  try {
    await command("/config/change", { version, changes: [{ pointer: "/calendars/" + name, value }] });
    again();
  } catch (error) { say(dialog, error); }
}

document.addEventListener("click", event => {
  const at = selector => event.target.closest(selector);
  const away = at("[data-absence]"), ends = at("[data-end]");
  if (away) { byId("absence").dataset.code = away.dataset.absence; tell(byId("absence").querySelector("[data-say]"), ""); byId("absence").showModal(); }
  else if (at("[data-drop]")) { at("li").remove(); refresh(); }
  else if (ends) end(ends.dataset.end);
  else if (at("#look")) look();
  else if (at("#store")) store();
  else if (at("#drop")) again();
  else if (at("#absent-add")) addAbsence();
  else if (at("#new-calendar")) byId("calendar-new").showModal();
  else if (at("#calendar-add")) addCalendar();
});
root.addEventListener("input", refresh);
byId("surge").addEventListener("submit", surge);
let leaving = false;   // on purpose: stored, or thrown away by the button
window.addEventListener("beforeunload", event => { if (!leaving && changed().length) event.preventDefault(); });
drawAbsences();
refresh();
const saved = sessionStorage.getItem("saved");
if (saved) { byId("saved").className = "say note good"; byId("saved").textContent = saved; sessionStorage.removeItem("saved"); }
get("/session").then(() => { byId("link").textContent = "Đã kết nối"; }, () => { byId("link").dataset.state = "lost"; byId("link").textContent = "Mất kết nối"; });
