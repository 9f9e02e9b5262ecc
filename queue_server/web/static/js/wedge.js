// A scanner that types: a burst of keys far quicker than any hand, ended by Enter. What it reads never stays in a field of
// another purpose and never presses a button. Letters are taken by their place on the keyboard, so Caps Lock does no harm.
const GAP_MS = 60, LEAST = 6;          // between two keys; a hand at the keyboard needs 100 ms and more
const SIGNS = {
  Minus: "-_", Equal: "=+", Period: ".>", Slash: "/?", Semicolon: ";:", Comma: ",<", Quote: "'\"", BracketLeft: "[{", BracketRight: "]}",
  Backslash: "\\|", Space: "  ", NumpadDecimal: "..", NumpadSubtract: "--", NumpadDivide: "//"
};
const SHIFTED = ")!@#$%^&*(";

function signOf(event) {
  const shift = event.shiftKey ? 1 : 0, letter = /^Key([A-Z])$/.exec(event.code), digit = /^(Digit|Numpad)([0-9])$/.exec(event.code);
  if (letter) return shift ? letter[1] : letter[1].toLowerCase();
  if (digit) return shift && digit[1] === "Digit" ? SHIFTED[Number(digit[2])] : digit[2];
  if (SIGNS[event.code]) return SIGNS[event.code][shift];
  return event.key.length === 1 ? event.key : "";
}

// `onScan(text, broken)`: broken where a Vietnamese keyboard program changed what the scanner typed.
export function listen(onScan) {
  let text = "", last = 0, broken = false, field = null, before = "";
  function begin(event) {
    const target = event.target;
    text = ""; broken = false;
    field = target.matches && target.matches('input[type="text"], textarea') ? target : null;
    before = field ? field.value : "";
  }
  document.addEventListener("keydown", event => {
    if (["ShiftLeft", "ShiftRight", "CapsLock"].includes(event.code)) return;
    if (event.timeStamp - last > GAP_MS || event.repeat || event.ctrlKey || event.altKey || event.metaKey) begin(event);
    last = event.timeStamp;
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      const scanned = text.length >= LEAST;
      text = scanned ? text : "";
      if (scanned && !(field && field.matches("[data-scan]"))) {
        event.preventDefault(); event.stopImmediatePropagation();
        if (field) { field.value = before; field.dispatchEvent(new Event("input", { bubbles: true })); }
        onScan(text.trim(), broken);
      }
      text = ""; last = 0;
      return;
    }
    const sign = signOf(event);
    if (event.isComposing || event.code === "Backspace" || event.keyCode === 229 || (sign && sign > "~")) broken = true;
    text += sign;
  }, true);
}
