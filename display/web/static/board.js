// What a hall board shows, as a fold over one snapshot and the rows of the log after it. Pure: no page, no clock, no socket.
// The same rules as display/board.py and display/spotlight.py; one table of cases judges both. ES2019 syntax only.
export const FRESH_MS = 60000, MAX_RINGS = 3, MAX_CALLS = 50, MAX_HEARD = 200;
export const HOLD_MS = 8000, MAX_QUEUE = 20, RECENT = 5;
export const SETTINGS = {stale_after_s: 20, dead_after_s: 90};

// event type -> [what happens to the call, change of the waiting count]. A type that is not here changes nothing.
const EFFECTS = {
  issued: ["", 1], arrived: ["", 1], readmitted: ["", 1],
  called: ["call", -1], recalled: ["recall", 0], serving_started: ["serve", 0],
  held: ["drop", 0], completed: ["drop", 0], no_show: ["drop", 0], closed_by_system: ["drop", 0],
  released: ["drop", 1], transferred: ["drop", 1]
};
// The public row does not say what these do to the board: a snapshot must be asked for.
const ASK_AGAIN = new Set(["undone", "amended", "cancelled", "expired", "carried", "moved", "resumed", "voided", "corrected", "told_late"]);
const FAMILY = /^(day|config|site)\./;

export const EMPTY = {site: "", name: "", zone: "", position: [0, 0], waiting: 0, calls: [], settings: SETTINGS, names: {}, heard: {}, primed: false, wait: null};

export function linkState(silenceMs, settings) {
  if (silenceMs > settings.dead_after_s * 1000) return "dead";
  return silenceMs > settings.stale_after_s * 1000 ? "stale" : "live";
}

const after = (a, b) => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
const text = value => (typeof value === "string" ? value : "");
const seconds = (value, plain) => (typeof value === "number" && value > 0 ? value : plain);

export function position(value) {
  const parts = String(value).split("-").map(Number);
  return parts.length === 2 ? parts : [0, parts[0]];
}

function readCall(c) {
  const called = Date.parse(c.called_at);
  return {label: text(c.label), counter: text(c.counter), name: text(c.counter_name), calledAt: called,
    lastAt: c.last_called_at ? Date.parse(c.last_called_at) : called, recalls: c.recalls || 0, state: c.state === "serving" ? "serving" : "called"};
}

function newest(heard) {
  const labels = Object.keys(heard);
  if (labels.length <= MAX_HEARD) return heard;
  const kept = {};
  for (const label of labels.sort((a, b) => heard[b] - heard[a]).slice(0, MAX_HEARD)) kept[label] = heard[label];
  return kept;
}

// A snapshot is the truth. What it holds beyond what was heard rings, unless it is old, answered, or the very first one.
export function onSnapshot(board, told, nowMs) {
  const at = position(told.position), same = board.primed && !after(board.position, at);
  const calls = (told.calls || []).map(readCall).sort((a, b) => b.lastAt - a.lastAt).slice(0, MAX_CALLS);
  const heard = same ? Object.assign({}, board.heard) : {}, names = Object.assign({}, board.names), limits = told.settings || {};
  const unheard = c => c.lastAt > (c.label in heard ? heard[c.label] : -1);
  const rings = same && nowMs !== null
    ? calls.filter(c => c.state === "called" && unheard(c) && nowMs - c.lastAt < FRESH_MS).slice(0, MAX_RINGS).reverse() : [];
  for (const c of calls) {
    heard[c.label] = Math.max(c.lastAt, heard[c.label] || 0);
    if (c.name) names[c.counter] = c.name;
  }
  const settings = {stale_after_s: seconds(limits.stale_after_s, SETTINGS.stale_after_s), dead_after_s: seconds(limits.dead_after_s, SETTINGS.dead_after_s)};
  return {board: {site: text(told.site), name: text(told.name), zone: text(told.zone), position: at, waiting: told.waiting || 0, calls, settings,
    names, heard: newest(heard), primed: true, wait: readWait(told.wait)}, rings, askAgain: false};
}

// The wait that whoever comes now should expect; past a break also as instants.
function readWait(told) {
  if (!told || typeof told.low_s !== "number" || typeof told.high_s !== "number") return null;
  return {lowS: told.low_s, highS: told.high_s, fromAt: Date.parse(told.from_at) || null, toAt: Date.parse(told.to_at) || null};
}

// "khoảng 10–25 phút", past a break "khoảng 13:40–14:10"; nothing where nobody has to wait. `hhmm` tells the time of the hall.
export function waitWords(wait, hhmm) {
  if (!wait || wait.highS <= 0) return "";
  if (wait.fromAt && wait.toAt) return "khoảng " + hhmm(wait.fromAt) + "–" + hhmm(wait.toAt);
  const low = Math.floor(wait.lowS / 60), high = Math.ceil(wait.highS / 60);
  return low >= high ? "khoảng " + high + " phút" : "khoảng " + low + "–" + high + " phút";
}

// One row of the log. Rows up to the snapshot's position are already in it and change nothing.
export function onRow(board, row) {
  const at = [row.epoch, row.seq], step = (change, rings, askAgain) => ({board: Object.assign({}, board, {position: at}, change), rings, askAgain});
  if (!board.primed || !after(at, board.position)) return {board, rings: [], askAgain: false};
  const effect = Object.prototype.hasOwnProperty.call(EFFECTS, row.type) ? EFFECTS[row.type] : ["", 0];
  const label = text(row.label), counter = text(row.counter), zone = text(row.zone), calling = effect[0] === "call" || effect[0] === "recall";
  const without = board.calls.filter(c => c.label !== label);
  if ((calling && !(label && counter)) || ASK_AGAIN.has(row.type) || FAMILY.test(row.type)) return step({}, [], true);
  if (board.zone && zone && zone !== board.zone) return step({calls: without}, [], row.type === "transferred");
  const waiting = Math.max(0, board.waiting + effect[1]);
  if (calling) {
    const again = effect[0] === "recall", before = board.calls.find(c => c.label === label), lastAt = Date.parse(row.at);
    const call = {label, counter, name: board.names[counter] || "", calledAt: again && before ? before.calledAt : lastAt, lastAt,
      recalls: again ? (before ? before.recalls : 0) + 1 : 0, state: "called"};
    const calls = [call].concat(without.filter(c => c.counter !== counter)).slice(0, MAX_CALLS);
    return step({waiting, calls, heard: newest(Object.assign({}, board.heard, {[label]: lastAt}))}, [call], false);
  }
  if (effect[0] === "serve") return step({waiting, calls: board.calls.map(c => (c.label === label ? Object.assign({}, c, {state: "serving"}) : c))}, [], false);
  return step(effect[0] === "drop" ? {waiting, calls: without} : {waiting}, [], false);
}

// The counter as a citizen reads it behind the word "Quầy": 3 for the name "Quầy 3" or the code Q03.
export function place(counter, name) {
  const named = /^quầy\s+(?:số\s+)?(\S{1,4})$/i.exec((name || "").trim()), short = named ? named[1] : counter;
  const code = /^[A-Za-z]{0,2}[-_ ]?0*([0-9]{1,3})$/.exec(short);
  return code ? code[1] : short;
}

// ---- the big call: each stays at least HOLD_MS, calls never overlap. `since` is null for one that was put there silently.
export const DARK = {shown: null, since: null, queue: []};

export function push(spot, rings) {
  const queue = spot.queue.slice();
  for (const call of rings) {
    const n = queue.findIndex(c => c.label === call.label);
    if (n < 0) queue.push(call); else queue[n] = call;
  }
  return {shown: spot.shown, since: spot.since, queue: queue.slice(-MAX_QUEUE)};
}

export function tick(spot, calls, nowMs) {
  const listed = label => calls.find(c => c.label === label);
  const queue = spot.queue.filter(c => { const l = listed(c.label); return l && l.lastAt === c.lastAt; });
  if (spot.shown && spot.since !== null && nowMs - spot.since < HOLD_MS) return {spot: {shown: spot.shown, since: spot.since, queue}, started: null};
  if (queue.length) return {spot: {shown: queue[0], since: nowMs, queue: queue.slice(1)}, started: queue[0]};
  const still = spot.shown && listed(spot.shown.label);
  if (!still) return {spot: {shown: calls[0] || null, since: null, queue: []}, started: null};
  return {spot: {shown: still, since: spot.since, queue}, started: null};
}

export function recent(spot, calls) {
  return calls.filter(c => !spot.shown || c.label !== spot.shown.label).slice(0, RECENT);
}
