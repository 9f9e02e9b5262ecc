// What F2 means so soon after a call. Pure: decides from the age of the call, acts on nothing.
// Within `ignoreMs` a second press is a slip of the hand; within `askMs` the person can hardly have been served.
export function onNext({ atDesk, sinceCallMs, ignoreMs, askMs }) {
  if (!atDesk) return "call";
  if (sinceCallMs < ignoreMs) return "ignore";
  return sinceCallMs < askMs ? "ask" : "call";
}

// Not F5, F6, F7, F11, F12 (the browser's), not Alt+Z or anything with Ctrl+Shift (Unikey's).
export const KEYS = { F1: "more", F2: "next", F4: "recall", F8: "no-show", F9: "complete", F10: "pause" };
const WITH_CTRL = { KeyK: "find", KeyZ: "undo" }, WITH_SHIFT = { F9: "outcome" };

// A card of a person instead of a slip or a dossier: its text must go nowhere, not to the server, a log or this browser.
export function personal(text) { return text.includes("|") || /^[0-9]{9,15}$/.test(text.trim()); }

// Whether somebody is typing there, so that the keys of writing belong to the field.
export function typing(target) { return Boolean(target && target.matches && target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])")); }

// The command a key stands for, or "" for a key that is not ours, is held down, or is part of typing.
export function commandOf(event) {
  if (event.repeat || event.isComposing || event.keyCode === 229 || event.altKey || event.metaKey) return "";
  if (event.ctrlKey && event.shiftKey) return "";
  if (event.ctrlKey) return event.code === "KeyZ" && typing(event.target) ? "" : WITH_CTRL[event.code] || "";
  return (event.shiftKey ? WITH_SHIFT : KEYS)[event.code] || "";
}
