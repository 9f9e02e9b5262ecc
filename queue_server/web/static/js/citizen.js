// Keeps the citizen's page fresh: asks for the small JSON with its ETag and fetches the page only when that changed, so
// that all words stand in one place. Slower while hidden. The page itself works without this file.
import { learnDate, mono, serverNow } from "./clock.js";

const address = location.pathname;
let etag = "", lastGood = mono(), timer = 0;

function box() { return document.getElementById("ticket"); }

function mark() {
  const line = document.getElementById("updated"), old = mono() - lastGood > 90000, now = serverNow();
  line.classList.toggle("old", old);
  if (old) line.textContent = box().dataset.stale;
  else if (now !== null && lastGood > 0) {
    const clock = document.createElement("span");
    clock.className = "n"; clock.id = "clock";
    clock.textContent = new Date(now - (mono() - lastGood)).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
    line.replaceChildren(box().dataset.updated + " ", clock);
  }
}

async function replace() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html"), main = fresh.getElementById("ticket");
  if (!main) return;
  const open = Boolean(document.querySelector("details[open]")), was = box().dataset.state;
  box().replaceWith(document.importNode(main, true));
  document.title = fresh.title;
  const again = document.querySelector("details");
  if (open && again) again.open = true;
  if (box().dataset.state === "called" && was !== "called") { scrollTo(0, 0); if (navigator.vibrate) navigator.vibrate([400, 200, 400]); }
}

async function ask() {
  clearTimeout(timer);
  const sentAt = mono(), stop = new AbortController(), deadline = setTimeout(() => stop.abort(), 10000);
  try {
    const answer = await fetch(address + ".json", { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store", signal: stop.signal });
    learnDate(answer.headers.get("Date"), sentAt);
    if (answer.status === 200) {
      const known = etag, ticket = await answer.json();
      etag = answer.headers.get("ETag") || "";
      if (known || ticket.state !== box().dataset.state) await replace();   // the first answer mostly says what is shown already
    }
    if (answer.status === 200 || answer.status === 304) lastGood = mono();
  } catch (error) {
    if (!(error instanceof TypeError) && error.name !== "AbortError") throw error;   // no network: the line says so
  } finally {
    clearTimeout(deadline);
    mark();
    if (box().dataset.live === "yes") timer = setTimeout(ask, 1000 * Number(box().dataset.everyS) * (document.hidden ? 2 : 1));
  }
}

setInterval(mark, 5000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
ask();
