// The help desk's page: issues a number, opens a ticket as a card, and sends what a button says. One request id per press, kept
// over retries, so a lost answer makes no second number and no second slip.
import { Lost, Problem, command, meta } from "./api.js";
import { bell } from "./bell.js";
import { pressing } from "./steady.js";

const el = id => document.getElementById(id);
const form = el("issue"), line = el("say"), take = form.querySelector("button"), sheet = el("sheet"), PAPER_AT = "toiluot.paper-at";
const site = meta("site"), query = site ? "?site=" + encodeURIComponent(site) : "";
const shown = { "made-card": "", "sheet-card": "" };         // which ticket stands in which place

function tell(node, text, tone) { node.className = text ? "note " + (tone || "bad") : ""; node.textContent = text; }

function kept(value) {
  try { if (value === undefined) return localStorage.getItem(PAPER_AT) || ""; localStorage.setItem(PAPER_AT, value); } catch (error) { /* storage is closed to us */ }
  return "";
}

function words(error) {
  if (error instanceof Problem) return error.message;
  if (error instanceof Lost) return "Máy chủ chưa trả lời. Xin bấm lại.";
  throw error;
}

// ---------------------------------------------------------------- a ticket as a card
async function draw(place, ticket) {
  shown[place] = ticket;
  let answer;
  try { answer = await fetch("/attendant/ticket/" + encodeURIComponent(ticket) + query, { headers: { "HX-Request": "true" }, credentials: "same-origin" }); } catch (error) { return; }
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok || shown[place] !== ticket) return;
  const text = await answer.text(), box = el(place);
  if (shown[place] !== ticket || box.querySelector("details[open] form") || pressing()) return;   // somebody is just changing it
  const same = box.querySelector('[data-ticket="' + ticket + '"]'), open = same ? Array.from(same.querySelectorAll("details")).findIndex(part => part.open) : -1;
  box.innerHTML = text;                                               // our own page: escaped by the template
  if (open >= 0 && box.querySelectorAll("details")[open]) box.querySelectorAll("details")[open].open = true;
}

function redraw() { Object.entries(shown).forEach(([place, ticket]) => { if (ticket) draw(place, ticket); }); }

async function open(ticket) {
  tell(el("sheet-said"), "");
  el("sheet-card").replaceChildren();
  await draw("sheet-card", ticket);
  if (!sheet.open && shown["sheet-card"] === ticket) sheet.showModal();
}

sheet.addEventListener("close", () => { shown["sheet-card"] = ""; });
el("sheet-close").addEventListener("click", () => sheet.close());

// ---------------------------------------------------------------- buttons that say what they send
async function send(path, fields, button) {
  const said = sheet.open ? el("sheet-said") : el("said");
  const part = button.closest("details");
  if (part) part.open = false;                                        // what it says is old when this is done
  button.disabled = true; tell(said, "");
  try {
    await command(path, fields, () => tell(said, "Máy chủ chưa trả lời, đang gửi lại…", "warn"));
    tell(said, "");
    redraw();
    document.body.dispatchEvent(new CustomEvent("changed"));
  } catch (error) { tell(said, words(error)); } finally { button.disabled = false; }
}

document.addEventListener("click", event => {
  const pressed = event.target.closest("[data-post], [data-open], [data-tab]");
  if (!pressed || pressed.disabled) return;
  if (pressed.dataset.post) send(pressed.dataset.post, JSON.parse(pressed.dataset.fields || "{}"), pressed);
  else if (pressed.dataset.open) open(pressed.dataset.open);
  else show(pressed.dataset.tab);
});

// Only what was changed: an untouched field must not undo what somebody else has just set.
function changes(changed) {
  const fields = {};
  changed.querySelectorAll("select").forEach(node => { if (!node.options[node.selectedIndex].defaultSelected && (node.value !== "none" || node.querySelector("[selected]"))) fields[node.name] = node.value; });
  changed.querySelectorAll("input[type=number]").forEach(node => { if (node.value !== node.defaultValue) fields[node.name] = Number(node.value); });
  const needs = Array.from(changed.querySelectorAll("input[name=needs]"));
  if (needs.some(node => node.checked !== node.defaultChecked)) fields.needs = needs.filter(node => node.checked).map(node => node.value);
  return fields;
}

document.addEventListener("submit", event => {
  const path = event.target.dataset.amend;
  if (!path) return;
  event.preventDefault();
  const fields = changes(event.target);
  if (Object.keys(fields).length) send(path, fields, event.target.querySelector("button"));
  else event.target.closest("details").open = false;
});
el("find-form").addEventListener("submit", event => event.preventDefault());

// ---------------------------------------------------------------- issuing
function fieldsOf(data) {
  const fields = { service: data.get("service"), source: "desk", lang: data.get("lang"), party: Number(data.get("party")) || 1, on_behalf: data.get("on_behalf") === "1", needs: data.getAll("needs") };
  if (data.get("priority_class")) fields.priority_class = data.get("priority_class");
  return fields;
}

form.addEventListener("submit", async event => {
  event.preventDefault();
  if (take.disabled) return;
  take.disabled = true; tell(line, "");
  const data = new FormData(form), device = data.get("paper_at");
  try {
    const ticket = await command("/tickets", fieldsOf(data), () => tell(line, "Máy chủ chưa trả lời, đang gửi lại…", "warn"));
    tell(line, "");
    el("made-label").textContent = ticket.label;
    form.reset(); form.paper_at.value = device;
    if (device) await command("/tickets/" + ticket.id + "/print-at", { device }).catch(error => tell(line, ticket.label + ": " + words(error)));
    await draw("made-card", ticket.id);
    el("made").hidden = false; scrollTo(0, 0);
  } catch (error) {
    tell(line, error instanceof Lost ? "Chưa rõ số đã lấy chưa. Xem danh sách đang chờ rồi hãy bấm lại." : words(error));
  } finally { take.disabled = false; }
});

el("made-done").addEventListener("click", () => { el("made").hidden = true; shown["made-card"] = ""; form.querySelector("input:enabled").focus(); });
form.paper_at.addEventListener("change", () => kept(form.paper_at.value));
if (Array.from(form.paper_at.options).some(option => option.value === kept())) form.paper_at.value = kept();

// ---------------------------------------------------------------- parts of the page
function show(tab) {
  document.getElementById("main").dataset.tab = tab;
  document.querySelectorAll("[data-tab]").forEach(node => { if (node.tagName === "BUTTON") node.setAttribute("aria-current", String(node.dataset.tab === tab)); });
  scrollTo(0, 0);
}

const ring = bell(el("bell"));
function look() {
  const bad = document.querySelectorAll('.light[data-tone="bad"]').length;
  el("tab-queue").textContent = el("queue").dataset.total;
  el("tab-machines").textContent = bad ? "✕ " + bad : "";
  ring(Array.from(document.querySelectorAll('[data-rings="yes"]'), call => call.dataset.call));
}
show("take");
look();
document.body.addEventListener("changed", redraw);
document.body.addEventListener("htmx:afterSettle", look);
document.body.addEventListener("htmx:oobAfterSwap", look);
// A light that nobody has heard of for long is no light, also between two looks at the server.
setInterval(() => document.querySelectorAll(".light .seen[data-gone]").forEach(cell => {
  const silent = /^(\d+) giây/.exec(cell.textContent), s = silent ? Number(silent[1]) : /phút|giờ|ngày/.test(cell.textContent) ? 9999 : 0;
  cell.classList.toggle("gone", s > 100 || s === 9999);
}), 1000);
