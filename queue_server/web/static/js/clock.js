// The only place in the consoles that reads time. Ages are measured on the monotonic clock, because an old PC's wall
// clock is often wrong; the server's wall time is learnt from its heartbeats, or from the Date header until one comes.
let offset = null;
let exact = false;

export function mono() {
  return performance.now();
}

export function learnHeartbeat(iso) {
  const at = Date.parse(iso);
  if (!Number.isNaN(at)) { offset = at - mono(); exact = true; }
}

export function learnDate(header, sentAt) {
  const at = Date.parse(header || "");
  if (!exact && !Number.isNaN(at)) offset = at + 500 - (sentAt + mono()) / 2;   // the header is cut to whole seconds
}

export function serverNow() {
  return offset === null ? null : mono() + offset;
}

export function sinceMs(iso) {
  const at = Date.parse(iso || "");
  return Number.isNaN(at) || offset === null ? 0 : Math.max(0, serverNow() - at);
}

export function untilMs(iso) {
  const at = Date.parse(iso || "");
  return Number.isNaN(at) || offset === null ? 0 : Math.max(0, at - serverNow());
}

export function mmss(ms) {
  const s = Math.floor(ms / 1000);
  const two = n => String(n).padStart(2, "0");
  return s < 3600 ? two(Math.floor(s / 60)) + ":" + two(s % 60) : Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}

export function minutes(seconds) {
  return seconds < 60 ? "< 1 phút" : Math.round(seconds / 60) + " phút";
}
