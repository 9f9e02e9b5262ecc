// Draws the clerk's desk from what the server says of the counter. Writes text and attributes only, decides nothing.
import { mmss, minutes, sinceMs, untilMs } from "./clock.js";
import { hhmm } from "./voice.js";
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

// What stands beside the state while nobody is at the desk.
function besides(desk) {
  const { state, reason } = desk.counter;
  if (desk.readOnly) return "";
  if (desk.armed) return "Có người lấy số là gọi ngay. Esc: thôi.";
  if (reason === "other_counter") return "Bấm “Làm ở quầy này” để về đây.";
  if (state === "paused") return (reason ? reason[0].toUpperCase() + reason.slice(1) + ". " : "") + "F10: làm việc lại.";
  return state === "wrapping_up" ? "Xong giấy tờ: F2 gọi người tiếp theo." : "";
}

export function drawPerson(desk) {
  const ticket = desk.counter.current, who = el("who"), state = ticket ? ticket.state : desk.readOnly ? "viewing" : desk.counter.state;
  who.classList.toggle("none", !ticket);
  write(el("label"), ticket ? ticket.label : desk.armed ? "Chờ người tiếp theo" : desk.counter.state === "open" ? "Chưa gọi ai" : STATE[desk.counter.state][0]);
  write(el("service"), ticket ? desk.names.services[ticket.service] || ticket.service : besides(desk));
  const chip = el("state"), [word, tone] = (desk.armed && ["Gọi ngay khi có người", "good"]) || (desk.counter.reason === "other_counter" && ["Đang ở quầy khác", "warn"]) || STATE[state] || [state, "plain"];
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
  const ticket = desk.counter.current, away = desk.counter.state === "paused" || desk.counter.state === "wrapping_up";
  write(el("timer"), ticket ? mmss(sinceMs(ticket.state === "serving" ? ticket.serving_at : ticket.last_called_at || ticket.called_at)) : away ? mmss(sinceMs(desk.counter.since)) : "");
  write(el("timer-what"), ticket ? (ticket.state === "serving" ? "từ khi bắt đầu" : ticket.recalls ? "từ lần gọi cuối" : "từ khi gọi") : away ? "từ " + hhmm(Date.parse(desk.counter.since)) : "");
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
  if (command === "elsewhere") return "";
  if (desk.readOnly) return command === "open" ? "" : READ_ONLY;
  if (desk.busy) return "Đang gửi lệnh trước.";
  if (command === "help") return "";
  if (ALWAYS.includes(command)) return desk.counter.state === "closed" && command !== "more" ? whyNot(command, desk.counter) : el(command) ? "" : "Đang tải…";
  return desk.counter.lawful.includes(command) ? "" : whyNot(command, desk.counter, desk.counter.current && desk.counter.current.state);
}

const ALWAYS = ["more", "find", "absent", "profile"], LAWFUL_AS = { outcome: "complete", "undo-why": "undo", choose: "open", "absent-chip": "absent" };

function recallText(done, most) { return done < most ? "Gọi lại " + (done + 1) + "/" + most : "Gọi lại (đã " + done + " lần)"; }

export function drawButtons(desk) {
  const { counter, readOnly } = desk, ticket = counter.current;
  const away = counter.state === "paused" || counter.state === "wrapping_up";
  buttons().forEach(button => {
    let command = LAWFUL_AS[button.dataset.do] || button.dataset.do;
    if (command === "pause" && counter.state === "paused") command = "resume";
    if (command === "wrap-up" && counter.state === "wrapping_up") command = "resume";
    const reason = reasonAgainst(command, desk);
    if (document.activeElement === button && reason) desk.focusBack = button.dataset.do;
    button.disabled = Boolean(reason);
    button.title = reason;
    if (command === "open") button.hidden = !(counter.state === "closed" || (readOnly && button.dataset.do === "open"));
    if (command === "activate") button.hidden = counter.reason !== "other_counter" || readOnly;
    if (button.dataset.do === "close") button.hidden = counter.state === "closed" || readOnly;
  });
  const text = (name, words) => write(document.querySelector('[data-do="' + name + '"] span'), words);
  const absent = (counter.absent || []).length, why = el("why-pause");
  el("absent-chip").hidden = !absent || readOnly;
  write(el("absent-chip"), "Đã vắng: " + absent);
  why.hidden = counter.state !== "paused" || Boolean(counter.reason) || readOnly;
  why.querySelectorAll("button").forEach(button => { button.disabled = desk.busy || desk.lost; });
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
    const due = (desk.counter.reminders || []).find(each => each.id === ticket.id);
    if (due) {
      const mark = document.createElement("span");
      mark.className = "mark " + (due.due ? "warn" : "plain");
      mark.textContent = due.due ? "Đến giờ hẹn " + hhmm(Date.parse(due.until)) : "Hẹn " + hhmm(Date.parse(due.until));
      what.append(" ", mark);
    }
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
