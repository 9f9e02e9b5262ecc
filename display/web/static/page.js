// The board page: joins the stream (live.js), the rules (board.js) and the chime (sound.js) to what stands on the screen.
// ES2019 syntax only, no inline style or script (strict CSP). Shows labels and counters, never anything else of a ticket.
import {EMPTY, DARK, onSnapshot, onRow, linkState, place, push, tick, recent, waitWords} from "./board.js";
import {connect} from "./live.js";
import {chime} from "./sound.js";

const SHIFT_EVERY_MS = 600000, RING_MS = 6000, ASK_AFTER_MS = 3000, WAIT_ASK_MS = 75000, WAIT_OLD_MS = 150000;
const SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2], [-2, 2], [-2, 0], [-2, -2], [0, -2], [2, -2]];
const root = document.documentElement, $ = id => document.getElementById(id);
const asked = new URLSearchParams(location.search).get("audio");
const sounding = asked ? asked === "on" : root.dataset.audio === "on";

let board = EMPTY, spot = DARK, state = "live", offset = null, askTimer = 0, ringTimer = 0, shift = 0, seen = false, toldAt = 0;

const serverNow = () => (offset === null ? null : performance.now() + offset);
const setTime = iso => { const at = Date.parse(iso); if (at) offset = at - performance.now(); };
const bell = sounding ? chime(new URL("chime.wav", $("page").src).href, refused => { $("muted").hidden = !refused; }) : null;

// ---- drawing: text is written only where it changed, so a board that stands still costs nothing
function write(node, value) { if (node.textContent !== value) node.textContent = value; }
function mark(node, name, value) { if (node.dataset[name] !== value) node.dataset[name] = value; }

function hhmm(ms) {
  const at = new Date(ms + 7 * 3600000);                       // Vietnamese time, whatever the device thinks
  return String(at.getUTCHours()).padStart(2, "0") + ":" + String(at.getUTCMinutes()).padStart(2, "0");
}
const DAYS = ["Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"];
function day(ms) {
  const at = new Date(ms + 7 * 3600000);
  return DAYS[at.getUTCDay()] + ", " + String(at.getUTCDate()).padStart(2, "0") + "/" + String(at.getUTCMonth() + 1).padStart(2, "0");
}

function drawBig(call) {
  const at = call ? place(call.counter, call.name) : "";
  root.dataset.view = call ? "call" : "empty";
  write($("number"), call ? call.label : "");
  write($("counter"), at);
  mark($("big"), "size", String(Math.max(call ? call.label.length : 0, 4)));
  mark($("big"), "place", at.length > 3 ? "long" : "short");
}

function drawRecent(calls) {
  const rows = $("recent").children;
  for (let n = 0; n < rows.length; n++) {
    const call = calls[n], cells = rows[n].children;
    rows[n].hidden = !call;
    write(cells[0], call ? call.label : "");
    write(cells[1], call ? place(call.counter, call.name) : "");
    mark(rows[n], "size", call ? String(Math.max(call.label.length, 4)) : "");
  }
}

function drawFrame() {
  const now = serverNow(), dead = state === "dead";
  root.dataset.link = state;
  root.dataset.seen = seen ? "yes" : "no";
  write($("clock"), now === null ? "" : hhmm(now));
  write($("today"), now === null ? "" : day(now));
  write($("centre"), board.name);
  if (board.name) document.title = "Bảng gọi số – " + board.name;
  for (const node of document.querySelectorAll("[data-waiting]")) write(node, board.primed && !dead ? String(board.waiting) : "–");
  const fresh = performance.now() - toldAt < WAIT_OLD_MS;       // a wait that nobody has corrected since is not told any more
  const wait = board.primed && fresh && state === "live" && board.waiting > 0 ? waitWords(board.wait, hhmm) : "";
  for (const node of document.querySelectorAll("[data-wait]")) write(node, wait);
  $("banner").hidden = state === "live";
  $("footer").hidden = state !== "live";
  write($("since"), now === null ? "" : " từ " + hhmm(now - line.silenceMs()));
}

function draw() {
  drawFrame();
  if (state === "dead") { spot = {shown: null, since: null, queue: []}; drawBig(null); drawRecent([]); return; }
  // While the link is stale nobody is called: the queue waits, and what stands there stays, grey.
  const waiting = state === "live" ? [] : spot.queue;
  const next = tick(waiting.length ? Object.assign({}, spot, {queue: []}) : spot, board.calls, performance.now());
  spot = waiting.length ? Object.assign({}, next.spot, {queue: waiting}) : next.spot;
  drawBig(spot.shown);
  drawRecent(recent(spot, board.calls));
  if (next.started) ring(next.started);
}

function ring(call) {
  clearTimeout(ringTimer);
  const big = $("big");
  big.classList.remove("ring");
  void big.offsetWidth;                                        // a recall of the same number must begin the change of colour anew
  big.classList.add("ring");
  ringTimer = setTimeout(() => big.classList.remove("ring"), RING_MS);
  root.dataset.rings = String(Number(root.dataset.rings || "0") + 1);
  write($("spoken"), "Mời số " + call.label + " đến quầy " + place(call.counter, call.name));
  if (bell) bell.play();
}

// ---- the stream
function follow(step) {
  board = step.board;
  spot = push(spot, step.rings);
  draw();
  if (step.askAgain && !askTimer) {
    // A relay tells the whole board by itself a moment later; the server does so on a new connection.
    askTimer = setTimeout(() => { askTimer = 0; line.dial(); }, ASK_AFTER_MS * (0.7 + Math.random() * 0.6));
  }
}

const on = {
  snapshot(told) {
    clearTimeout(askTimer); askTimer = 0;
    if (told.now) setTime(told.now);
    seen = true; toldAt = performance.now();
    follow(onSnapshot(board, told, serverNow()));
  },
  log(row) { follow(onRow(board, row)); },
  hb(told) { setTime(told.now); }
};

const line = connect(new URL(root.dataset.stream, location.href).href, {
  on,
  onState(next) { state = next; },
  settings: () => board.settings,
  stateOf: linkState
});

setInterval(draw, 200);
// Rows say nothing of waits. A relay is asked for the whole board every minute; where nobody does that, the page asks by itself.
setInterval(() => {
  if (board.wait && state === "live" && performance.now() - toldAt > WAIT_ASK_MS * (1 + Math.random() / 2)) line.dial();
}, 10000);
// The program on this machine starts the screen again where these stop; a page that comes from elsewhere has nobody to tell. By a
// timer, not by drawn frames: a panel that is switched off at night draws none and is well.
if (root.dataset.ping) {
  // 205: the site has shut this machine out, and the first page says so.
  const ping = () => fetch(new URL(root.dataset.ping, location.href).href, {method: "POST"})
    .then(answer => { if (answer.status === 205) location.replace("/"); }).catch(() => {});
  setInterval(ping, 5000);
  ping();
}
setInterval(() => {
  const [x, y] = SHIFTS[++shift % SHIFTS.length];
  $("stage").style.transform = "translate(" + x + "px," + y + "px)";
}, SHIFT_EVERY_MS);
