// Draws the clerk's desk from what the server says of the counter. Writes text and attributes only, decides nothing.
import { mmss, minutes, sinceMs, untilMs } from "./clock.js";
import { DONE, LANGUAGES, NEEDS, NO_LINK, READ_ONLY, STATE, whyNot } from "./words.js";

const el = id => document.getElementById(id);
export const buttons = () => Array.from(document.querySelectorAll("[data-do]"));

function write(node, text) { if (node.textContent !== text) node.textContent = text; }

function marksOf(ticket, names) {
  const marks = [];
  if (ticket.priority_class) marks.push((names.classes[ticket.priority_class] || "Ưu tiên"));
  if (ticket.doubt) marks.push("Phiếu chưa chắc đã in");
  if (ticket.appointment) marks.push("Có hẹn");
  (ticket.needs || []).forEach(need => marks.push(NEEDS[need] || need));
  if (ticket.lang && ticket.lang !== "vi") marks.push(LANGUAGES[ticket.lang] || ticket.lang);
  if (ticket.party > 1) marks.push(ticket.party + " người");
  if (ticket.quantity > 1) marks.push(ticket.quantity + " hồ sơ");
  if (ticket.on_behalf) marks.push("Làm thay");
  if (ticket.steps && ticket.steps.length > 1) marks.push("Bước " + ticket.steps.length);
  if (ticket.dossier_code) marks.push("Hồ sơ …" + ticket.dossier_code.slice(-4));
  return marks;
}

export function drawPerson(desk) {
  const ticket = desk.counter.current, who = el("who"), state = ticket ? ticket.state : desk.readOnly ? "viewing" : desk.counter.state;
  who.classList.toggle("none", !ticket);
  write(el("label"), ticket ? ticket.label : desk.counter.state === "open" ? "Chưa gọi ai" : STATE[desk.counter.state][0]);
  write(el("service"), ticket ? desk.names.services[ticket.service] || ticket.service : "");
  const chip = el("state"), [word, tone] = STATE[state] || [state, "plain"];
  write(chip, word);
  chip.className = "mark " + tone;
  const marks = el("marks");
  marks.replaceChildren(...(ticket ? marksOf(ticket, desk.names) : []).map(text => {
    const mark = document.createElement("span");
    mark.className = "mark plain";
    mark.textContent = text;
    return mark;
  }));
}

// Runs every 250 ms: only what changes with time.
export function drawTime(desk) {
  const ticket = desk.counter.current;
  write(el("timer"), ticket ? mmss(sinceMs(ticket.state === "serving" ? ticket.serving_at : ticket.last_called_at || ticket.called_at)) : "");
  write(el("timer-what"), ticket ? (ticket.state === "serving" ? "từ khi bắt đầu" : ticket.recalls ? "từ lần gọi cuối" : "từ khi gọi") : "");
  const undo = el("undo"), left = desk.counter.undo ? untilMs(desk.counter.undo.until) : 0;
  undo.hidden = left <= 0 || desk.readOnly;
  if (left > 0) write(undo, "Hoàn tác" + (desk.undoName ? ": " + desk.undoName : "") + " (" + (left > 90000 ? minutes(left / 1000) : Math.ceil(left / 1000) + " giây") + ")");
}

export function drawFigures(desk) {
  write(el("waiting"), String(desk.counter.waiting));
  write(el("longest"), desk.counter.waiting ? minutes(desk.counter.longest_s || 0) : "–");
}

function reasonAgainst(command, desk) {
  if (desk.lost) return NO_LINK;
  if (desk.expired) return "Phiên đăng nhập đã hết. Xin đăng nhập lại.";
  if (desk.readOnly) return command === "open" ? "" : READ_ONLY;
  if (desk.busy) return "Đang gửi lệnh trước.";
  return desk.counter.lawful.includes(command) ? "" : whyNot(command, desk.counter, desk.counter.current && desk.counter.current.state);
}

function recallText(done, most) { return done < most ? "Gọi lại " + (done + 1) + "/" + most : "Gọi lại (đã " + done + " lần)"; }

export function drawButtons(desk) {
  const { counter, readOnly } = desk, ticket = counter.current;
  const away = counter.state === "paused" || counter.state === "wrapping_up";
  buttons().forEach(button => {
    let command = button.dataset.do;
    if (command === "pause" && counter.state === "paused") command = "resume";
    if (command === "wrap-up" && counter.state === "wrapping_up") command = "resume";
    const reason = reasonAgainst(command, desk);
    if (document.activeElement === button && reason) desk.focusBack = button.dataset.do;
    button.disabled = Boolean(reason);
    button.title = reason;
    if (command === "open") button.hidden = !(counter.state === "closed" || readOnly);
    if (button.dataset.do === "close") button.hidden = counter.state === "closed" || readOnly;
  });
  const text = (name, words) => write(document.querySelector('[data-do="' + name + '"] span'), words);
  text("next", ticket ? "Xong & gọi tiếp" : "Gọi người tiếp theo");
  text("recall", ticket && ticket.state === "called" ? recallText(ticket.recalls || 0, desk.recalls) : "Gọi lại");
  text("pause", counter.state === "paused" ? "Làm việc lại" : "Tạm nghỉ");
  text("wrap-up", counter.state === "wrapping_up" ? "Xong giấy tờ" : "Làm giấy tờ");
  text("open", readOnly ? "Chuyển quầy sang máy này" : "Mở quầy");
  document.querySelector('[data-do="no-show"]').classList.toggle("undo", Boolean(ticket && ticket.state === "called" && ticket.recalls >= desk.recalls));
  el("console").classList.toggle("away", away);
}

export function drawHeld(desk, onResume) {
  const held = desk.counter.held || [], box = el("held-box");
  box.hidden = !held.length;
  el("held").replaceChildren(...held.map(ticket => {
    const row = document.createElement("li"), label = document.createElement("span"), what = document.createElement("span"), act = document.createElement("button");
    label.className = "label"; label.textContent = ticket.label;
    what.textContent = desk.names.services[ticket.service] || ticket.service;
    act.type = "button"; act.textContent = DONE["resume-held"];
    act.disabled = Boolean(desk.counter.current) || desk.counter.state !== "open" || desk.lost || desk.busy || desk.readOnly;
    act.title = desk.counter.current ? "Xong người đang ở quầy trước." : "";
    act.addEventListener("click", () => onResume(ticket));
    row.append(label, what, act);
    return row;
  }));
}

export function say(text, tone) {
  const line = el("say");
  write(line, text);
  line.className = "say" + (text && tone ? " note " + tone : "");
}

// The line above the page; `extra` is a button beside the words.
export function banner(text, extra) {
  const bar = el("banner");
  if (bar.textContent === text + (extra ? extra.textContent : "")) return;
  bar.className = text ? "banner" : "";
  bar.replaceChildren(document.createTextNode(text), ...(extra ? [extra] : []));
}
