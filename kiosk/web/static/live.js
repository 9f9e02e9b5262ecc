// Keeps the page joined to the kiosk's own program: an EventSource with a watchdog, because a half-open line never
// says that it is dead. Ages use performance.now(): a board without a clock of its own jumps when time arrives.
export function connect(url, { on, onLost, onBack, staleAfter = 12000 }) {
  const now = () => performance.now();
  let source = null, lastBeat = now(), lastDial = 0, lost = false, timer = 0;
  const beat = () => { lastBeat = now(); if (lost) { lost = false; onBack(); } };
  const lose = () => { if (!lost) { lost = true; onLost(); } };
  function dial() {
    clearTimeout(timer); timer = 0; lastDial = now();
    if (source) source.close();
    source = new EventSource(url);
    for (const name of Object.keys(on)) {
      source.addEventListener(name, event => { beat(); on[name](JSON.parse(event.data)); });
    }
    source.onerror = () => {
      // A 5xx or a strange answer closes an EventSource for ever; we do not give up.
      if (source.readyState === EventSource.CLOSED && !timer) timer = setTimeout(dial, 700 + Math.random() * 600);
    };
  }
  setInterval(() => {
    const silent = now() - lastBeat;
    if (source.readyState !== EventSource.OPEN && silent > 3500) lose();
    if (silent > staleAfter) {
      lose();
      if (now() - lastDial > 3000) dial();
    }
  }, 500);
  addEventListener("online", dial);
  addEventListener("pageshow", event => { if (event.persisted) dial(); });
  addEventListener("pagehide", () => source.close());
  dial();
}
