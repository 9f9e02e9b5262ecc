// Which counter this browser holds: a mark beside the server's own word, so that a second browser of the same clerk is
// told apart. The mark is the request id of the command that opened the counter or took it over.
import { get } from "./api.js";

const PAGES = 3;                    // 3,000 events; a mark older than that is asked about instead of searched for

export function holdOf(code) {
  const key = "toiluot.counter." + code;
  function read() { try { return JSON.parse(localStorage.getItem(key)) || null; } catch (error) { return null; } }
  function write(value) { if (value) localStorage.setItem(key, JSON.stringify(value)); else localStorage.removeItem(key); }
  return {
    get cmd() { const mark = read(); return mark ? mark.cmd : ""; },
    // Without a position the mark could not be checked later; the stream may not have told one yet.
    async take(cmd, position) { write({ cmd, position: position || (await get("/board")).position }); },
    seen(position) { const mark = read(); if (mark && position) write({ cmd: mark.cmd, position }); },
    drop() { write(null); },
    // Whether an event of the log takes the counter away from this browser.
    takenBy(event) {
      if (event.subject !== "counter:" + code) return false;
      return event.type === "counter.closed" || (["counter.taken_over", "counter.opened"].includes(event.type) && event.cmd !== this.cmd);
    },
    // Whether the mark still stands after what happened while this browser was away.
    async stands() {
      const mark = read();
      if (!mark || !mark.position) return false;
      let after = mark.position;
      for (let page = 0; page < PAGES; page++) {
        const { events, position } = await get("/events?limit=1000&after=" + encodeURIComponent(after));
        if (events.some(event => this.takenBy(event))) return false;
        if (events.length < 1000) { this.seen(position); return true; }
        after = events[999].epoch + "-" + events[999].seq;
      }
      return false;
    }
  };
}
