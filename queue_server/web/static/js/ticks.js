// What a clerk ticked off while the server was away, and the last ordered list he worked from. Kept in local storage (ids of
// tickets, labels, names of services, places and times of issue: nothing of a person), sent later under the same request ids.
import { Problem, command, meta, requestId } from "./api.js";

const OVER = ["completed", "no_show"], SAID_NO = [404, 409, 422];

export function ticksOf(code) {
  const key = "toiluot.voice." + meta("site") + "." + code, blank = { at: 0, rows: [], current: null, ticks: [], skipped: [], refused: [] };
  let kept = Object.assign({}, blank), onKeep = () => {}, sending = null;
  try { kept = Object.assign({}, blank, JSON.parse(localStorage.getItem(key))); } catch (error) { /* none, or storage is closed to us */ }
  function keep() {
    try { localStorage.setItem(key, JSON.stringify(kept)); } catch (error) { /* full or forbidden: the worker still has it */ }
    onKeep(key, kept);
  }
  const last = ticket => kept.ticks.filter(tick => tick.ticket === ticket).pop();
  function tick(row, what, at) {
    kept.ticks.push({ request_id: requestId(), ticket: row.id, label: row.label, service: row.service, what, stated_at: at });
    keep();
  }
  async function sendAll(path, again) {
    let sent = 0;
    while (kept.ticks.length) {
      const { request_id, ticket, what, stated_at } = kept.ticks[0];
      try { await command(path, { request_id, ticket, what, stated_at: new Date(stated_at).toISOString() }, again); sent++; } catch (error) {
        if (!(error instanceof Problem) || !SAID_NO.includes(error.status)) break;          // not heard, or not by us: later
        kept.refused.push(Object.assign({ why: error.body }, kept.ticks[0]));
      }
      kept.ticks.shift();
      keep();
    }
    if (!kept.ticks.length && kept.skipped.length) { kept.skipped = []; keep(); }
    return sent;
  }
  return {
    get at() { return kept.at; }, get ticks() { return kept.ticks; }, get refused() { return kept.refused; }, get key() { return key; },
    onKeep(listener) { onKeep = listener; },
    // The newest list. While something is not sent yet the list that was worked from stays.
    learn(at, rows, current) { if (!kept.ticks.length) { Object.assign(kept, { at, rows, current }); keep(); } },
    // What another tab kept, for a browser whose storage is closed to us.
    adopt(value) { if (!kept.at && value && value.at) kept = Object.assign({}, blank, value); },
    // Who stands at the counter, as far as the ticks say.
    get current() {
      const called = kept.ticks.filter(tick => tick.what === "called").pop(), there = called ? { id: called.ticket, label: called.label, service: called.service } : kept.current;
      const said = there && last(there.id);
      return there && !(said && OVER.includes(said.what)) ? there : null;
    },
    get waiting() { return kept.rows.filter(row => !last(row.id) && !kept.skipped.includes(row.id)); },
    call(row, at) { const there = this.current; if (there) tick(there, "completed", at); tick(row, "called", at); },
    done(at) { tick(this.current, "completed", at); },
    absent(at) { tick(this.current, "no_show", at); },
    skip(row) { kept.skipped.push(row.id); keep(); },
    back() { kept.ticks.pop(); keep(); },
    seen() { kept.refused = []; keep(); },
    forget() { if (!kept.ticks.length) { kept = Object.assign({}, blank, { refused: kept.refused }); keep(); } },
    // Sends everything in order, one at a time; answers how many were taken.
    send(path, again) { sending = sending || sendAll(path, again).finally(() => { sending = null; }); return sending; }
  };
}
