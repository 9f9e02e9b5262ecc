// A calm two-note bell for calls that nobody has answered: once for each new one, and again while it stays unanswered. Browsers
// keep silent until somebody touched the page, so a button offers itself until then; it goes after the click, for what moves under a
// finger between down and up is missed.
const AGAIN_MS = 20000, NOTES = [[880, 0], [660, 0.28]];

export function bell(button) {
  const plain = document.title, Kind = window.AudioContext || window.webkitAudioContext;
  let sound = null, known = [], again = 0;
  function chime() {
    if (!sound || sound.state !== "running") return;
    NOTES.forEach(([pitch, after]) => {
      const tone = sound.createOscillator(), loud = sound.createGain(), at = sound.currentTime + after;
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0.0001, at); loud.gain.exponentialRampToValueAtTime(0.3, at + 0.03); loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.6);
      tone.connect(loud).connect(sound.destination);
      tone.start(at); tone.stop(at + 0.65);
    });
    document.documentElement.dataset.rung = String(Number(document.documentElement.dataset.rung || 0) + 1);
  }
  async function wake() {
    if (!Kind) return;
    sound = sound || new Kind();
    if (sound.state !== "running") { try { await sound.resume(); } catch (error) { return; } }
    button.hidden = sound.state === "running";
    if (known.length && sound.state === "running" && !again) ring();
  }
  function ring() {
    chime();
    clearTimeout(again);
    again = known.length ? setTimeout(() => { again = 0; if (known.length) ring(); }, AGAIN_MS) : 0;
  }
  button.hidden = !Kind;
  ["click", "keydown"].forEach(kind => addEventListener(kind, wake));
  return calls => {
    const fresh = calls.some(call => !known.includes(call));
    known = calls;
    document.title = (calls.length ? "(" + calls.length + ") " : "") + plain;
    if (!calls.length) { clearTimeout(again); again = 0; }
    if (fresh) { ring(); if (navigator.vibrate) try { navigator.vibrate(200); } catch (error) { /* not allowed before a touch */ } }
  };
}
