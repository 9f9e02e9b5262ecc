// "Gọi bằng lời": draws the last list while the server is away, takes the clerk's ticks, and shows what the server later refused.
import { mono, serverNow } from "./clock.js";
import { LIVES } from "./words.js";

const el = id => document.getElementById(id), begunAt = Date.now() - mono();
const SAID = { called: "Đã gọi", completed: "Xong", no_show: "Vắng" };

export function hhmm(at) { return new Date(at).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" }); }
export function nowMs() { const now = serverNow(); return Math.round(now === null ? begunAt + mono() : now); }

function node(tag, className, text) { const made = document.createElement(tag); made.className = className; if (text) made.textContent = text; return made; }

function button(text, className, act) { const made = node("button", className, text); made.type = "button"; made.addEventListener("click", act); return made; }

// The rows that the page shows, as the fragment of the waiting list has them.
export function rowsOf(list) {
  return Array.from(list.querySelectorAll("tr[data-ticket]")).map(row => ({
    id: row.dataset.ticket, label: row.cells[1].textContent, service: row.cells[2].firstChild.textContent.trim(), issued: row.dataset.issued
  }));
}

function whyRefused(tick) {
  const { state, counter, label } = tick.why;
  if (state === "another") return "ở quầy này máy chủ đang ghi số " + (label || "khác") + ".";
  if (!state) return tick.why.detail || "máy chủ không nhận.";
  return "máy chủ ghi số này " + (LIVES[state] || state) + (counter ? " ở quầy " + counter : "") + ".";
}

export function voiceOn(ticks) {
  const box = el("voice"), main = el("main");
  let open = false;
  function change(act) { return () => { act(); draw(); }; }
  const call = row => ticks.call(row, nowMs());
  const DO = {
    next() { const first = ticks.waiting[0]; if (first) call(first); else if (ticks.current) ticks.done(nowMs()); },
    complete() { if (ticks.current) ticks.done(nowMs()); },
    "no-show"() { const there = ticks.current; if (there && !there.serving) ticks.absent(nowMs()); }
  };

  function rowOf(row, n) {
    const made = node("tr", n ? "" : "first"), cell = node("td", "screen"), acts = node("div", "acts");
    const main = button(ticks.current ? "Xong & gọi" : "Gọi", n ? "" : "primary", change(() => call(row)));
    if (!n) main.prepend(node("kbd", "", "F2"));
    acts.append(main, button("Bỏ qua", "quiet", change(() => ticks.skip(row))));
    cell.append(acts);
    acts.lastChild.title = "Quầy khác đã gọi người này, hoặc người này đã về.";
    made.append(node("td", "n right", String(n + 1)), node("td", "label", row.label), node("td", "", row.service), node("td", "n", row.issued), cell);
    for (let box = 0; box < 3; box++) made.append(node("td", "paper box"));
    return made;
  }

  function draw() {
    const there = ticks.current, waiting = ticks.waiting, told = ticks.ticks.slice(-8).reverse();
    box.hidden = !open; main.classList.toggle("by-voice", open); document.body.classList.toggle("voicing", open);
    el("voice-at").textContent = ticks.at ? hhmm(ticks.at) : "–";
    el("voice-label").textContent = there ? there.label : "Chưa gọi ai";
    el("voice-label").className = there ? "label" : "label none";
    el("voice-what").textContent = there ? there.service : waiting.length ? "Gọi to số đứng đầu danh sách, rồi bấm F2." : "Danh sách đã hết.";
    el("voice-done").disabled = !there; el("voice-absent").disabled = !there || Boolean(there.serving); el("voice-back").disabled = !ticks.ticks.length;
    el("voice-rows").replaceChildren(...waiting.map(rowOf));
    el("voice-none").hidden = Boolean(waiting.length);
    el("voice-told").replaceChildren(...told.map(tick => node("li", "", hhmm(tick.stated_at) + " · " + tick.label + " · " + SAID[tick.what])));
    el("voice-told-box").hidden = !told.length;
  }

  function drawRefused() {
    const refused = ticks.refused, note = el("voice-refused");
    note.hidden = !refused.length;
    el("voice-refused-rows").replaceChildren(...refused.map(tick => node("li", "", tick.label + " (" + SAID[tick.what].toLowerCase() + " lúc " + hhmm(tick.stated_at) + "): " + whyRefused(tick))));
  }

  el("voice-done").addEventListener("click", change(DO.complete));
  el("voice-absent").addEventListener("click", change(DO["no-show"]));
  el("voice-back").addEventListener("click", change(() => ticks.back()));
  el("voice-print").addEventListener("click", () => print());
  el("voice-seen").addEventListener("click", () => { ticks.seen(); drawRefused(); });
  drawRefused();
  return {
    get open() { return open; },
    show(on) { open = on; draw(); if (on) el("voice-title").focus(); },
    press(name) { if (DO[name]) change(DO[name])(); },
    // Tells the server, in order, what happened without it. Answers how many it took.
    async settle(path, again) { const sent = await ticks.send(path, again); drawRefused(); return sent; }
  };
}
