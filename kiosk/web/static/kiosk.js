// The citizen's page: draws the state it is given, sends touches back, knows no words and no rules.
import { connect } from "./live.js";
import { el, fit } from "./dom.js";
import { draw, drawBar, frame } from "./screens.js";

const main = document.getElementById("main"), bar = document.getElementById("bar"), body = document.body;
let view = null, shown = "", page = 0, pageOf = "", held = false, waiting = null, clockAt = 0, clockMs = 0, alarm = 0;

// ---------------------------------------------------------------- touches
const dead = () => body.classList.contains("busy") || body.classList.contains("waiting");

/** One touch, one request: every button is dead until the answer is drawn. */
async function send(post) {
  if (dead()) return;
  body.classList.add("busy");
  try {
    const answer = await fetch(post.path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ visit: view.visit, ...post.body }),
      signal: AbortSignal.timeout(8000),
    });
    if (answer.ok) take(await answer.json());
  } catch {
    // The stream's watchdog shows the resting page when our own program is gone.
  } finally {
    body.classList.remove("busy");
    redraw();
  }
}

function turn(by) {
  page += by;
  shown = "";
  redraw();
  if (view.screen !== "home") send({ path: "/api/stay", body: {} });
}

const press = (button, spec) => button.addEventListener("click", () => {
  if (dead() || button.disabled) return;
  button.classList.add("pressed");
  if (spec.turn) turn(spec.turn); else send(spec.post);
});

// ---------------------------------------------------------------- drawing
function take(next) {
  view = next;
  clockMs = Date.parse(next.now); clockAt = performance.now();
  tellTime();
  const key = `${next.visit}/${next.screen}`;
  if (key !== pageOf) { page = 0; pageOf = key; }
}

/** Never under a finger: replacing a button between touch and lift would swallow the touch. */
function redraw() {
  if (!view || held) return;
  const { now, ...rest } = view;
  const print = JSON.stringify([rest, page, innerWidth, innerHeight]);
  if (print === shown) return;
  shown = print;
  const waiting = view.screen === "issuing";
  body.classList.toggle("waiting", waiting);
  if (waiting && !view.slow && main.childElementCount) return;  // the touched button stays in sight for the first second
  body.dataset.screen = view.screen;
  body.classList.toggle("large", view.large);
  body.classList.toggle("dim", Boolean(view.dim));
  document.getElementById("wake").textContent = view.dim;
  document.documentElement.lang = view.lang;
  frame(view);
  drawBar(bar, view, null, press);  // first, because the choices measure what the bar leaves them
  const pages = draw(main, view, page, press);
  page = pages ? pages.page : 0;
  drawBar(bar, view, pages, press);
  if (view.focus) document.getElementById(view.focus)?.classList.add("focused");  // what the keys and the voice have in hand
  fit(body);
  body.dataset.visit = view.visit;
  ring(view.screen === "asking");
}

function tellTime() {
  const at = new Date(clockMs + (performance.now() - clockAt) + 7 * 3600e3);
  const two = number => String(number).padStart(2, "0");
  document.getElementById("time").textContent = clockMs ? `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}` : "";
  document.getElementById("date").textContent = clockMs ? `${two(at.getUTCDate())}/${two(at.getUTCMonth() + 1)}/${at.getUTCFullYear()}` : "";
}

/** "Are you still there?" is heard too: two soft notes every five seconds. */
function ring(on) {
  clearInterval(alarm);
  if (on) { note(); alarm = setInterval(note, 5000); }
}

let audio = null;
function note() {
  audio = audio || new AudioContext();
  [[660, 0], [880, 0.22]].forEach(([hertz, after]) => {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.15, audio.currentTime + after);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + after + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + after);
    tone.stop(audio.currentTime + after + 0.22);
  });
}

addEventListener("pointerdown", () => { held = true; clearTimeout(waiting); waiting = setTimeout(lift, 4000); }, true);
const lift = () => { clearTimeout(waiting); setTimeout(() => { held = false; redraw(); }, 0); };
for (const name of ["pointerup", "pointercancel", "blur"]) addEventListener(name, lift, true);
// The first touch on a resting screen only wakes it: nobody takes a number they did not see.
document.getElementById("wake").addEventListener("click", () => send({ path: "/api/wake", body: {} }));
addEventListener("resize", redraw);
document.fonts.addEventListener("loadingdone", () => { shown = ""; redraw(); });  // texts were measured in another font
addEventListener("contextmenu", event => event.preventDefault());
addEventListener("dragstart", event => event.preventDefault());
setInterval(tellTime, 1000);
setInterval(() => { if (view) fetch("/api/alive", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).catch(() => {}); }, 30000);
// The program behind this page starts the screen again where these stop. By a timer, not by drawn frames: a panel that is switched off
// at night draws none and is well.
// 205: the site has shut this machine out, and the first page says so.
const ping = () => fetch("/api/ping", { method: "POST", signal: AbortSignal.timeout(4000) })
  .then(answer => { if (answer.status === 205) location.replace("/"); }).catch(() => {});
setInterval(ping, 5000);
ping();

document.fonts.ready.then(() => connect("/stream", {
  on: {
    state: next => { take(next); redraw(); },
    hb: ({ now }) => { clockMs = Date.parse(now); clockAt = performance.now(); },
  },
  onLost: () => body.classList.add("lost"),
  onBack: () => { body.classList.remove("lost"); shown = ""; },
}));
document.getElementById("top").append(el("span", { class: "rule" }));
