// While a finger or a button of the mouse is down nothing is drawn anew: a press that begins on one drawing and ends on the next
// hits neither (a click goes to what both have in common). What came in between is asked for again once the press is over.
let down = false, missed = false;

// Asked by whoever is about to draw: true is no, and `changed` comes when the press is over.
export function pressing() { missed = missed || down; return down; }

function ended() {
  down = false;
  if (!missed) return;
  missed = false;
  setTimeout(() => document.body.dispatchEvent(new CustomEvent("changed")), 0);   // after the click that this press makes
}

addEventListener("pointerdown", () => { down = true; }, true);
["pointerup", "pointercancel", "blur"].forEach(name => addEventListener(name, ended, true));
["htmx:beforeSwap", "htmx:oobBeforeSwap"].forEach(name => document.body.addEventListener(name, event => {
  if (pressing()) event.detail.shouldSwap = false;
}));
