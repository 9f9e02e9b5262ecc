// Talks to the JSON contract: session cookie and CSRF token, a request id per press that is kept over retries, and a
// deadline on every answer. Knows no screen.
import { learnDate, mono } from "./clock.js";

const ANSWER_MS = 6000;          // no answer by then counts as lost; the same request id is sent again
const PATIENCE_MS = 20000;       // after that the person decides: acting later could surprise the hall

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || "");
    this.status = status; this.code = body.code || ""; this.body = body;
  }
}
export class Lost extends Error {}

export function meta(name) {
  const found = document.querySelector('meta[name="' + name + '"]');
  return found ? found.content : "";
}

export function requestId() {
  const bytes = new Uint8Array(16);
  crypto.getRandomValues(bytes);   // randomUUID is missing on plain http
  return Array.from(bytes, b => b.toString(16).padStart(2, "0")).join("");
}

export function address(path) {
  const site = meta("site");
  return "/api/v1" + path + (site ? (path.includes("?") ? "&" : "?") + "site=" + encodeURIComponent(site) : "");
}

const heard = new Set();
export function onAnswer(listener) { heard.add(listener); }

async function once(method, path, body, deadline) {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), deadline), sentAt = mono();
  const headers = { "Accept": "application/json", "Accept-Language": "vi" };
  if (body) { headers["Content-Type"] = "application/json"; headers["X-CSRF-Token"] = meta("csrf-token"); }
  let answer, data;
  try {
    answer = await fetch(address(path), { method, headers, body: body && JSON.stringify(body), signal: stop.signal, credentials: "same-origin" });
    data = await answer.json();
  } catch (error) {
    throw new Lost(path);          // no answer, cut answer, or something on the way that is not our server
  } finally { clearTimeout(timer); }
  if ([502, 503, 504].includes(answer.status)) throw new Lost(path);
  learnDate(answer.headers.get("Date"), sentAt);
  heard.forEach(tell => tell());
  if (!answer.ok) throw new Problem(answer.status, data);
  return data;
}

// A question too long for an address: asked once, changes nothing.
export function postOnce(path, body) { return once("POST", path, body, ANSWER_MS); }

export function get(path) { return once("GET", path, null, ANSWER_MS); }

// Someone logged in again in another tab: this page goes on with the new session's token. False if it is the same one.
async function renewToken() {
  const { csrf } = await once("GET", "/session", null, ANSWER_MS), known = document.querySelector('meta[name="csrf-token"]');
  if (!csrf || csrf === known.content) return false;
  known.content = csrf;
  return true;
}

// One command, one request id, however often it must be sent. `onRetry(n)` lets the screen say so.
export async function command(path, fields, onRetry) {
  const body = Object.assign({ request_id: requestId() }, fields), begun = mono();
  for (let n = 1; ; n++) {
    try { return await once("POST", path, body, ANSWER_MS); } catch (error) {
      if (error instanceof Problem && error.code === "csrf_failed" && await renewToken()) continue;
      if (!(error instanceof Lost) || mono() - begun > PATIENCE_MS) throw error;
      if (onRetry) onRetry(n);
      await new Promise(done => setTimeout(done, Math.min(400 * n, 2000)));
    }
  }
}
