// One event stream that is dialled again whenever it falls silent or the browser gives up on it. A classic script on
// purpose: the shared worker loads it with importScripts, a page without shared workers imports it for its side effect.
// The server sends a named heartbeat every 5 s; a half-open connection shows itself by nothing else than silence.
self.dialStream = function (url, tell) {
  const SILENT = 12000, EVENTS = ["snapshot", "log", "hb"];
  const now = () => performance.now();
  let source = null, lastBeat = now(), lastDial = 0, lastId = "", retry = 1000, timer = 0;
  function beat(name, event) {
    lastBeat = now(); retry = 1000;
    if (event.lastEventId) lastId = event.lastEventId;
    tell(name, event.data, event.lastEventId);
  }
  function dial() {
    clearTimeout(timer); timer = 0; lastDial = now();
    if (source) source.close();
    source = new EventSource(lastId ? url + (url.includes("?") ? "&" : "?") + "after=" + encodeURIComponent(lastId) : url);
    EVENTS.forEach(name => source.addEventListener(name, event => beat(name, event)));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED && !timer) {
        lastId = "";                            // the place may be refused (a new epoch); the snapshot makes up for it
        timer = setTimeout(dial, retry * (0.7 + Math.random() * 0.6));
        retry = Math.min(retry * 2, 15000);
      }
    };
  }
  const watch = setInterval(() => { if (now() - lastBeat > SILENT && now() - lastDial > SILENT / 2) dial(); }, 1000);
  dial();
  return {
    dial,
    close() { clearInterval(watch); clearTimeout(timer); if (source) source.close(); }
  };
};
