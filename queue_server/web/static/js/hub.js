// Shared worker: one event stream for all tabs of this browser (HTTP/1.1 allows six connections to a host, so without
// it the seventh tab could not even load). Every tab still judges the age of its own last message.
importScripts("dial.js");
const ports = new Set(), kept = new Map();      // kept: the last list of each counter, should local storage be closed to a page
let stream = null;

function tell(name, data, id) { ports.forEach(port => port.postMessage([name, data, id])); }

onconnect = event => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = message => {
    const said = message.data;
    if (said === "bye") ports.delete(port);
    else if (said.keep) kept.set(said.keep[0], said.keep[1]);
    else if (stream) stream.dial();            // a late tab needs a fresh snapshot, not a kept one
    else stream = self.dialStream(said.url, tell);
  };
  port.start();
  kept.forEach((value, key) => port.postMessage(["kept", JSON.stringify([key, value])]));
};
