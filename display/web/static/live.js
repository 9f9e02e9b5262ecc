// EventSource with a watchdog: one stream per page, and silence noticed by the page itself, because nothing else sees a
// line that is open but dead. ES2019 syntax only. Knows no board: messages go to `on[name](data)`.
//
// The sender tells a whole "snapshot" on every connect, then rows with ids, and a NAMED event "hb" every 5 s (a comment line
// is invisible to a page). Every event is a sign of life; one that carries `silence_s` is only as fresh as that says (a relay
// that itself lost the server). Ages come from performance.now(): a device without a clock of its own jumps when network
// time arrives.
const MAX_RETRY_MS = 8000;      // right again within 15 s of the server's return

export function connect(url, {on, onState, settings, stateOf}) {
  const now = () => performance.now();
  let es = null, lastBeat = now(), lastDial = 0, lastId = "", state = "", retry = 1000, timer = 0, failed = 0;

  const judge = () => {
    const next = stateOf(now() - lastBeat, settings());
    if (next !== state) { state = next; onState(state); }
  };
  const beat = ageMs => {
    lastBeat = now() - ageMs;
    retry = 1000; failed = 0;
  };
  function dial() {
    clearTimeout(timer); timer = 0; lastDial = now();
    if (es) es.close();                                        // never two streams from one page
    es = new EventSource(lastId ? url + (url.includes("?") ? "&" : "?") + "after=" + encodeURIComponent(lastId) : url);
    for (const name of Object.keys(on)) es.addEventListener(name, e => {
      let data;
      try { data = JSON.parse(e.data); } catch (_) { return; } // half a message is no sign of life
      if (e.lastEventId) lastId = e.lastEventId;
      beat(typeof data.silence_s === "number" ? data.silence_s * 1000 : 0);
      judge();                                                 // first live again, then what to ring
      on[name](data);
      judge();                                                 // a snapshot may bring other limits
    });
    es.onerror = () => {                                       // 4xx, 5xx, HTML: the browser gives up for ever, we do not
      if (es.readyState !== EventSource.CLOSED || timer) return;
      if (++failed > 1) lastId = "";                           // the place may be what is refused; the snapshot makes it needless
      timer = setTimeout(dial, retry * (0.7 + Math.random() * 0.6));
      retry = Math.min(retry * 2, MAX_RETRY_MS);
    };
  }
  setInterval(() => {
    judge();
    const every = settings().stale_after_s * 500;
    if (now() - lastBeat > every && now() - lastDial > every) dial();
  }, 250);
  addEventListener("online", dial);
  addEventListener("pageshow", e => { if (e.persisted) dial(); });
  addEventListener("pagehide", () => { if (es) es.close(); });
  dial();
  return {dial, silenceMs: () => now() - lastBeat};
}
