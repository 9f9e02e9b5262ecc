// The rating tablet: asks every two seconds whom to ask, sends one face once, thanks, and rests. Without an answer for ten
// seconds it says so instead of taking a touch that nobody would count.
import { requestId } from "./api.js";
import { mono } from "./clock.js";

const box = document.getElementById("rate"), form = document.querySelector(".faces"), address = location.pathname.replace(/\/$/, "");
const faces = Array.from(form.querySelectorAll("button")), silentMs = 10000;
let etag = "", told = { state: box.dataset.state, ticket: box.dataset.ticket }, lastGood = mono(), noteUntil = 0, note = "", thanked = "", sending = false;

function show() {
  const now = mono();
  let state = told.state;
  if (state === "thanks" && thanked !== told.ticket) { thanked = told.ticket; note = "thanks"; noteUntil = now + Number(box.dataset.thanksMs); }
  if (state === "thanks") state = "idle";
  if (now < noteUntil && !(told.state === "asking" && told.ticket !== thanked)) state = note;
  if (now - lastGood > silentMs) state = "cut";
  box.dataset.state = state;
  faces.forEach(face => { face.disabled = sending; });
}

async function ask() {
  const stop = new AbortController(), deadline = setTimeout(() => stop.abort(), 6000);
  try {
    const answer = await fetch(address + ".json", { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store", signal: stop.signal });
    if (answer.status === 200) {
      etag = answer.headers.get("ETag") || "";
      take(await answer.json());
    }
    if (answer.status === 200 || answer.status === 304) lastGood = mono();
  } catch (error) {
    if (!(error instanceof TypeError) && error.name !== "AbortError") throw error;   // no network: the screen says so
  } finally {
    clearTimeout(deadline);
    show();
    setTimeout(ask, Number(box.dataset.everyMs));
  }
}

function take(fresh) {
  told = fresh;
  box.dataset.ticket = fresh.ticket || "";
  document.getElementById("label").textContent = fresh.label || "";
}

async function rate(stars) {
  if (sending || told.state !== "asking") return;
  const ticket = told.ticket, body = JSON.stringify({ request_id: requestId(), stars, ticket });
  sending = true;
  show();
  try {
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json", "Accept": "application/json" }, body });
    if (answer.ok) take(await answer.json());
    else if (answer.status === 409) { note = "over"; noteUntil = mono() + Number(box.dataset.thanksMs); thanked = ticket; told.state = "idle"; }
    etag = "";
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    lastGood = mono() - silentMs - 1;   // nobody knows whether it arrived: ask again before the next touch
  } finally {
    sending = false;
    show();
  }
}

form.addEventListener("submit", event => event.preventDefault());
faces.forEach(face => face.addEventListener("click", () => rate(Number(face.value))));
setInterval(show, 500);
ask();
