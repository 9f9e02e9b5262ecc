// The page's link to the server: events from the shared stream, and one verdict (live, wait, lost) from the age of the
// last sign of life, be it an event or an answer. Falls back to a stream of its own where shared workers are missing.
import "./dial.js";
import { address, onAnswer } from "./api.js";
import { learnHeartbeat, mono } from "./clock.js";

const WAIT_MS = 12000, LOST_MS = 20000;

export function follow({ onLog, onSnapshot, onState, onKept, heard }) {
  let lastSign = mono(), lastEvent = mono(), state = "", port = null, own = null;
  const url = address("/stream");
  function judge() {
    const age = mono() - lastSign, next = age > LOST_MS ? "lost" : mono() - lastEvent > WAIT_MS ? "wait" : "live";
    if (next !== state) { state = next; onState(state, age); }
  }
  function hear(name, data, id) {
    if (name === "kept") { if (onKept) onKept(...JSON.parse(data)); return; }     // from the worker, no sign of the server
    lastSign = lastEvent = mono();
    judge();
    const value = JSON.parse(data);
    if (name === "hb") learnHeartbeat(value.now);
    else if (name === "log" && onLog) onLog(value, id);
    else if (name === "snapshot" && onSnapshot) onSnapshot(value, id);
  }
  function dial() {
    if (window.SharedWorker) {
      port = new SharedWorker("/static/js/hub.js", url).port;      // one worker per stream: its name is the address
      port.onmessage = message => hear(...message.data);
      port.start();
      port.postMessage({ url });
    } else own = self.dialStream(url, hear);
  }
  const sign = () => { lastSign = mono(); judge(); };
  onAnswer(sign);
  if (heard) heard(sign);                       // for answers that htmx gets
  setInterval(judge, 500);
  addEventListener("pagehide", () => { if (port) port.postMessage("bye"); if (own) own.close(); });
  addEventListener("pageshow", event => { if (event.persisted) location.reload(); });   // its port was dropped
  dial();
  return { get state() { return state; }, keep(key, value) { if (port) port.postMessage({ keep: [key, value] }); } };
}
