// What F2 means so soon after a call. Pure: decides from the age of the call, acts on nothing.
// Within `ignoreMs` a second press is a slip of the hand; within `askMs` the person can hardly have been served.
export function onNext({ atDesk, sinceCallMs, ignoreMs, askMs }) {
  if (!atDesk) return "call";
  if (sinceCallMs < ignoreMs) return "ignore";
  return sinceCallMs < askMs ? "ask" : "call";
}

export const KEYS = { F2: "next", F4: "recall", F8: "no-show", F9: "complete", F10: "pause" };

// The command a key stands for, or "" for a key that is not ours, is held down, or is part of typing.
export function commandOf(event) {
  if (event.repeat || event.isComposing || event.keyCode === 229) return "";
  if (event.ctrlKey || event.altKey || event.shiftKey || event.metaKey) return "";
  return KEYS[event.code] || "";
}
