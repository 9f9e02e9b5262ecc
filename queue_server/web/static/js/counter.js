// The clerk's console: keys and buttons become commands, the stream and the answers become what is drawn.
// What is lawful is the server's word; this file only adds the guard against a second F2 right after a call.
import { Lost, Problem, command, get, requestId } from "./api.js";
import { mono, serverNow, sinceMs } from "./clock.js";
import { alarmOn } from "./alarm.js";
import { checkOf } from "./checking.js";
import { anyOpen, askDone, askTakeOver } from "./dialogs.js";
import { banner, buttons, drawButtons, drawFigures, drawHeld, drawPerson, drawTime, say } from "./desk.js";
import { finderOf } from "./find.js";
import { KEYS, commandOf, onNext } from "./guard.js";
import { holdOf } from "./hold.js";
import { follow } from "./link.js";
import { rememberedServices } from "./profile.js";
import { rareOf } from "./rare.js";
import { ticksOf } from "./ticks.js";
import { nowMs, rowsOf, voiceOn } from "./voice.js";
import { listen } from "./wedge.js";
import { DONE, LINK, NO_LINK, READ_ONLY } from "./words.js";

const root = document.getElementById("console"), code = root.dataset.counter, path = "/counters/" + encodeURIComponent(code);
const ticks = ticksOf(code), voice = voiceOn(ticks), hold = holdOf(code), undoNames = new Map(), own = new Set();
const desk = {
  counter: { code, state: "closed", current: null, lawful: [], waiting: 0, undo: null, held: [] }, names: JSON.parse(root.dataset.names),
  recalls: Number(root.dataset.recalls), readOnly: false, lost: false, expired: false, busy: true, undoName: "", focusBack: "", armed: false
};
const ARMED_MS = 900000, TRY_MS = 2000;       // nobody is called to a desk that may have been left a quarter of an hour ago
let lastCall = { ticket: "", at: 0 }, lastPosition = "", pending = 0, refreshing = null, again = false, armedAt = 0, triedAt = -TRY_MS;

function draw() {
  desk.undoName = desk.counter.undo ? undoNames.get(desk.counter.undo.cmd) || "" : "";
  drawPerson(desk); drawTime(desk); drawFigures(desk); drawButtons(desk);
  drawHeld(desk, ticket => act("resume-held", "/tickets/" + ticket.id + "/resume", { counter: code }, ticket.label));
  if (desk.focusBack && document.activeElement === document.body) {
    const button = buttons().find(b => b.dataset.do === desk.focusBack && !b.disabled);
    if (button) { button.focus(); desk.focusBack = ""; }
  }
}

async function load() {
  try {
    desk.counter = await get(path);
    if (desk.expired) { desk.expired = false; banner(desk.readOnly ? READ_ONLY : ""); }
  } catch (error) { if (error instanceof Problem) refused(error); }
  draw();
  document.body.dispatchEvent(new CustomEvent("changed"));
}

// One refresh at a time; one more if something happened meanwhile.
function refresh() {
  if (refreshing) { again = true; return refreshing; }
  refreshing = load().then(() => { refreshing = null; if (again) { again = false; return refresh(); } return null; });
  return refreshing;
}

function refreshSoon(delay) { if (!pending) pending = setTimeout(() => { pending = 0; refresh().then(offer); }, delay); }

function refused(problem) {
  if (problem.status === 401) {
    desk.expired = true;
    banner("Phiên đăng nhập đã hết. Mở trang đăng nhập ở thẻ khác rồi quay lại đây; chữ đã gõ vẫn còn.");
  } else say(problem.message, "bad");
}

async function act(name, to, fields, label) {
  if (desk.lost) say(NO_LINK + " Chữ đã gõ vẫn còn.", "bad");
  if (desk.busy || desk.lost) return null;
  const id = requestId();
  let answer = null;
  own.add(id);
  desk.busy = true; draw(); say("", "");
  try {
    answer = await command(to, Object.assign({ request_id: id }, fields), () => say("Máy chủ chưa trả lời, đang gửi lại lệnh này…", "warn"));
    undoNames.set(id, (DONE[name] + " " + (label || "")).trim());
    say("", "");
  } catch (error) {
    if (error instanceof Lost) say("Chưa rõ máy chủ đã nhận lệnh chưa. Khi có kết nối, xem số trên màn hình rồi hãy bấm lại.", "bad");
    else if (error instanceof Problem) { if (error.code === "counter_taken") answer = error; else refused(error); } else throw error;
  }
  if (name === "next" && answer && answer.ticket) called(answer.ticket);
  await refresh();
  desk.busy = false; draw();
  return answer instanceof Problem ? { taken: answer, id } : answer && { answer, id };
}

function called(ticket) {
  lastCall = { ticket: ticket.id, at: mono() };
  desk.counter.current = ticket;
  draw();
}

function sinceCallMs(ticket) { return lastCall.ticket === ticket.id ? mono() - lastCall.at : sinceMs(ticket.called_at); }

// "Gọi ngay khi có người": nobody waits, so whoever comes next is called here at once. Only where nobody stands here.
function arm(on) { desk.armed = on; armedAt = mono(); draw(); }

function mayArm() { return !desk.readOnly && !desk.lost && !desk.counter.current && ["open", "wrapping_up"].includes(desk.counter.state); }

async function offer() {
  if (!desk.armed) return;
  if (!mayArm() || mono() - armedAt > ARMED_MS) {
    if (!desk.counter.current && desk.counter.state === "open") say("Đã thôi chờ gọi ngay. Bấm F2 để gọi.", "");
    arm(false);
    return;
  }
  if (!desk.counter.waiting) return;
  if (desk.busy || mono() - triedAt < TRY_MS) { refreshSoon(TRY_MS); return; }
  triedAt = mono();
  const done = await act("next", path + "/next", { if_ticket: "nobody" }, "");
  if (!done || !done.answer.ticket) return;
  undoNames.set(done.id, "Gọi " + done.answer.ticket.label);
  arm(false);
  say("Vừa có người: đã gọi " + done.answer.ticket.label + ".", "good");
}

async function next() {
  const ticket = desk.counter.current, fields = {};
  const verdict = onNext({
    atDesk: Boolean(ticket), sinceCallMs: ticket ? sinceCallMs(ticket) : 0, ignoreMs: 1000 * root.dataset.ignoreS, askMs: 1000 * root.dataset.askS
  });
  if (verdict === "ignore") { say("Vừa gọi " + ticket.label + ". F2 dùng lại được sau vài giây.", ""); return; }
  if (verdict === "ask") {
    const answer = await askDone(ticket.label, ticket.state === "called", commandOf);
    if (answer === "no" || !desk.counter.current || desk.counter.current.id !== ticket.id) return;
    fields.previous = answer === "no-show" ? "no_show" : "completed";
  }
  const done = await act("next", path + "/next", fields, "");
  if (!done) return;
  const got = done.answer.ticket;
  undoNames.set(done.id, got ? "Gọi " + got.label : "Xong " + (ticket ? ticket.label : ""));
  if (!got) say("Không còn ai chờ. Có người lấy số là gọi ngay; Esc để thôi.", "");
  arm(!got && mayArm());
}

async function open(takeOver, services) {
  const chosen = services || (desk.counter.state === "closed" ? rememberedServices(code, desk.names.services) : null);
  const done = await act("open", path + "/open", Object.assign(takeOver ? { take_over: true } : {}, chosen ? { services: chosen } : {}), "");
  if (done && done.taken) {
    if (await askTakeOver(code, "Quầy đang mở ở máy khác. Máy kia sẽ chỉ còn xem được.")) await open(true, services);
  } else if (done) {
    await hold.take(done.id, lastPosition);
    desk.readOnly = false; banner(""); draw();
  }
}

async function close() {
  if (await act("close", path + "/close", {}, "")) { hold.drop(); ticks.forget(); location.assign("/counter"); }
}

function atDesk(name) {
  const ticket = desk.counter.current;
  return act(name, path + "/" + name, { if_ticket: ticket.id }, ticket.label);
}

// One key pauses at once; why is asked afterwards, and may stay unsaid.
async function pause() {
  if (desk.counter.state === "paused") { act("resume", path + "/resume", {}, ""); return; }
  arm(false);
  if (await act("pause", path + "/pause", {}, "") && !anyOpen()) document.querySelector("#why-pause button").focus();
}

const shared = { desk, act, path, code, handedOver: yielded };
const rare = rareOf(shared), finder = finderOf(shared);
const DO = Object.assign({}, rare, finder, {
  next, close, pause, open: () => open(desk.readOnly), choose: () => rare.profile(services => open(desk.readOnly, services)), profile: () => rare.profile(services => open(true, services)),
  recall: () => atDesk("recall"), serve: () => atDesk("serve"), "no-show": () => atDesk("no-show"), complete: () => atDesk("complete"),
  activate: () => act("activate", path + "/activate", {}, ""), elsewhere: () => location.assign("/counter"), "absent-chip": finder.absent,
  help: async () => { if (await act("help", "/help-calls", { place: code }, "")) say("Đã gọi hỗ trợ đến quầy này.", "good"); },
  "wrap-up": () => desk.counter.state === "wrapping_up" ? act("resume", path + "/resume", {}, "") : act("wrap-up", path + "/wrap-up", {}, ""),
  undo: () => desk.counter.undo && act("undo", path + "/undo", { cmd: desk.counter.undo.cmd, reason: "bấm nhầm" }, "")
});

// A key does what its button does, and nothing when the button is dead.
function press(name) {
  const button = buttons().find(b => b.dataset.do === name);
  if (button && !button.disabled && !button.hidden) DO[name]();
}

document.addEventListener("keydown", event => {
  const name = commandOf(event);
  if (name || (event.code in KEYS && !event.altKey && !event.ctrlKey && !event.metaKey)) event.preventDefault();   // F10 is also the browser's menu
  if (event.code === "Escape" && desk.armed && !anyOpen()) { arm(false); say("Đã thôi chờ gọi ngay.", ""); }
  if (name && !anyOpen()) { if (voice.open) voice.press(name); else press(name); }
});
document.addEventListener("click", event => {
  const button = event.target.closest("[data-do]"), why = event.target.closest("[data-why]");
  if (why) act("pause", path + "/pause", { reason: why.dataset.why }, "");
  if (!button) return;
  const menu = button.closest("dialog");
  if (menu) { menu.close("no"); setTimeout(() => press(button.dataset.do)); } else press(button.dataset.do);
});
document.getElementById("why-pause").addEventListener("keydown", event => {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code), button = digit && event.currentTarget.querySelectorAll("button")[digit[1] - 1];
  if (button && !event.repeat && !event.ctrlKey && !event.altKey) button.click();
});

function yielded() {
  if (desk.readOnly) return;
  hold.drop();
  desk.readOnly = true;
  banner(READ_ONLY);
  arm(false);
}

const link = follow({
  onLog(event, id) {
    lastPosition = id || lastPosition;
    if (hold.cmd && !own.has(event.cmd) && hold.takenBy(event)) { if (event.type === "counter.closed") hold.drop(); else yielded(); }
    refreshSoon(event.counter === code ? 30 : 250);
  },
  onSnapshot(snapshot) { lastPosition = snapshot.position || lastPosition; refreshSoon(30); },
  onKept(key, value) { if (key === ticks.key) ticks.adopt(value); },
  onState(state, age) {
    const mark = document.getElementById("link");
    mark.dataset.state = state; mark.textContent = LINK[state];
    const was = desk.lost;
    desk.lost = state === "lost";
    if (desk.lost && !was) banner("Mất kết nối với máy chủ" + since(age) + ". Xin gọi bằng lời; màn hình sẽ tự nối lại.", desk.readOnly ? null : voiceButton());
    if (was && !desk.lost) back();
    draw();
  }
});

function voiceButton() {
  const made = document.createElement("button");
  made.type = "button"; made.textContent = "Gọi bằng lời";
  made.addEventListener("click", () => { voice.show(!voice.open); made.textContent = voice.open ? "Về màn hình quầy" : "Gọi bằng lời"; });
  return made;
}

// The server is there again: first it hears what happened without it, then the desk is shown as it stands.
async function back() {
  banner(desk.readOnly ? READ_ONLY : "");
  voice.show(false);
  await settle();
  await refresh();
}

async function settle() {
  if (!ticks.ticks.length) return;
  desk.busy = true; draw(); say("Đang gửi những gì đã gọi bằng lời…", "warn");
  const sent = await voice.settle(path + "/tick", () => say("Máy chủ chưa trả lời, đang gửi lại…", "warn"));
  desk.busy = false;
  say(ticks.ticks.length ? "Còn " + ticks.ticks.length + " việc gọi bằng lời chưa gửi được; sẽ tự gửi lại." : "Đã gửi " + sent + " việc gọi bằng lời.", ticks.ticks.length ? "warn" : "good");
}

function learn() {
  if (!desk.lost && !desk.readOnly) {
    const ticket = desk.counter.current, there = ticket && { id: ticket.id, label: ticket.label, service: desk.names.services[ticket.service] || ticket.service, serving: ticket.state === "serving" };
    ticks.learn(nowMs(), rowsOf(document.getElementById("waiting-list")), there);
  }
}

function since(age) {
  const now = serverNow();
  return now === null ? "" : " từ " + new Date(now - age).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
}

async function begin() {
  await refresh();
  if (ticks.ticks.length && desk.counter.code) { await settle(); await refresh(); }
  const mine = desk.counter.state === "closed" || (desk.counter.clerk === root.dataset.who && await hold.stands().catch(() => Boolean(hold.cmd)));
  if (!mine) {
    desk.readOnly = true;
    banner(READ_ONLY);
  }
  desk.busy = false; draw();
  if (!mine && await askTakeOver(code, "Quầy đang mở ở máy khác. Máy kia sẽ chỉ còn xem được.")) await open(true);
}

listen(checkOf({ path, find: finder.find, dossier(scanned) { if (!desk.counter.current || anyOpen() || desk.readOnly) return false; rare.procedures(scanned); return true; } }));
alarmOn(path);
ticks.onKeep((key, value) => link.keep(key, value));
document.body.addEventListener("htmx:afterSettle", event => { if (event.target.id === "dialogs") draw(); learn(); });
document.body.addEventListener("htmx:beforeOnLoad", event => { if (event.detail.xhr.status === 401) event.preventDefault(); });   // no reload: see refused()
setInterval(() => { if (link.state === "live" && ticks.ticks.length && !desk.busy) settle().then(refresh); }, 15000);
setInterval(() => drawTime(desk), 250);
setInterval(() => { if (link.state !== "live") refreshSoon(0); else if (!document.getElementById("more")) document.getElementById("dialogs").dispatchEvent(new CustomEvent("wanted")); }, 5000);
setInterval(() => refreshSoon(0), 30000);          // waits grow even when nothing happens
document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshSoon(0); });   // perhaps back from logging in
addEventListener("pagehide", () => hold.seen(lastPosition));
begin();
