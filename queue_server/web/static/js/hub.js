// Shared worker: one event stream for all tabs of this browser (HTTP/1.1 allows six connections to a host, so without
// it the seventh tab could not even load). Every tab still judges the age of its own last message.
importScripts("dial.js");
const ports = new Set();
let stream = null;

function tell(name, data, id) { ports.forEach(port => port.postMessage([name, data, id])); }

onconnect = event => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = message => {
    const said = message.data;
    if (said === "bye") ports.delete(port);
    else if (stream) stream.dial();            // a late tab needs a fresh snapshot, not a kept one
    else stream = self.dialStream(said.url, tell);
  };
  port.start();
};
