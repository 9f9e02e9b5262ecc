// Native dialogs, each a question with one answer. Esc closes, the browser gives focus back to where it was. What was typed
// into a form is kept for that person in session storage until it is sent, over reloads and lost links.
import { meta } from "./api.js";
import { personal, typing } from "./guard.js";

const el = id => document.getElementById(id), KEPT = 12, SCAN_MS = 80;

export function anyOpen() { return Boolean(document.querySelector("dialog[open]")); }

function fill(dialog, values) {
  Object.entries(values).forEach(([name, text]) => dialog.querySelectorAll("[data-" + name + "]").forEach(node => { node.textContent = text; }));
}

// Resolves with the data-answer of the pressed button, or "no".
function ask(id, values, onKey) {
  const dialog = el(id);
  if (!dialog || dialog.open) return Promise.resolve("no");
  fill(dialog, values);
  return new Promise(resolve => {
    const press = event => { const b = event.target.closest("[data-answer]"); if (b) dialog.close(b.dataset.answer); };
    const key = event => { const answer = onKey ? onKey(event) : ""; if (answer) { event.preventDefault(); event.stopPropagation(); dialog.close(answer); } };
    dialog.returnValue = "no";
    dialog.addEventListener("click", press);
    dialog.addEventListener("keydown", key);
    dialog.addEventListener("close", () => {
      dialog.removeEventListener("click", press);
      dialog.removeEventListener("keydown", key);
      resolve(dialog.returnValue || "no");
    }, { once: true });
    dialog.addEventListener("cancel", () => { dialog.returnValue = "no"; }, { once: true });
    dialog.showModal();
  });
}

// `mayBeAbsent` is false once service began: whoever is being served cannot be marked absent.
export function askDone(label, mayBeAbsent, commandOf) {
  const answers = mayBeAbsent ? { next: "next", "no-show": "no-show" } : { next: "next" };
  el("ask").querySelector('[data-answer="no-show"]').hidden = !mayBeAbsent;
  return ask("ask", { label }, event => answers[commandOf(event)] || "");
}

export async function askTakeOver(code, text) {
  return (await ask("take-over", { code, text })) === "yes";
}

export function show(id, values) { return ask(id, values || {}); }

// ---------------------------------------------------------------- what was typed
const place = () => "toiluot.typed." + meta("site");
function typed() { try { return JSON.parse(sessionStorage.getItem(place())) || {}; } catch (error) { return {}; } }
function keep(all) { try { sessionStorage.setItem(place(), JSON.stringify(all)); } catch (error) { /* closed to us: kept until a reload */ } }
const texts = form => Array.from(form.querySelectorAll('input[type="text"]'));

function remember(key, form) {
  const all = typed();
  delete all[key];
  all[key] = texts(form).map(input => personal(input.value) ? "" : input.value);
  Object.keys(all).slice(0, -KEPT).forEach(old => delete all[old]);
  keep(all);
}

function forget(key) { const all = typed(); delete all[key]; keep(all); }

// A form about one person: resolves with its values and `sent()`, which forgets what was typed; or with null.
// `ready(form, kept)` fills what depends on the moment, before the texts that had been typed (`kept`) come back.
export async function askForm(id, label, who, ready) {
  const dialog = el(id), key = id + ":" + who;
  if (!dialog || dialog.open) return null;
  const form = dialog.querySelector("form"), note = () => remember(key, form);
  form.reset();
  const kept = typed()[key] || [];
  if (ready) ready(form, kept);
  kept.forEach((text, n) => { const input = texts(form)[n]; if (input && text) input.value = text; });
  form.addEventListener("input", note);
  const answer = await ask(id, { label });
  form.removeEventListener("input", note);
  if (answer !== "yes") return null;
  const values = new FormData(form), get = name => String(values.get(name) || "").trim();
  return { get, sent() { forget(key); form.reset(); } };
}

// ---------------------------------------------------------------- keys inside a dialog
// Digits choose where something is numbered, arrows walk. A digit waits for a moment: a scanner's burst is no choice.
let chosen = 0;
function choose(dialog, digit) {
  const mark = Array.from(dialog.querySelectorAll("kbd")).find(k => k.textContent === digit && k.offsetParent);
  const target = mark && (mark.closest("button") || mark.closest("label").querySelector("input"));
  if (target && !target.disabled) { target.focus(); target.click(); }
}

function walk(dialog, step) {
  const all = Array.from(dialog.querySelectorAll(".menu button:enabled, .menu a")), at = all.indexOf(document.activeElement);
  if (all.length) all[(at + step + all.length) % all.length].focus();
}

document.addEventListener("keydown", event => {
  const dialog = document.querySelector("dialog[open]");
  clearTimeout(chosen);
  if (!dialog || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code), text = typing(event.target);
  if (digit && !text && !event.shiftKey && !event.repeat) chosen = setTimeout(() => choose(dialog, digit[1]), SCAN_MS);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
  if (step && event.target.closest(".menu")) { event.preventDefault(); walk(dialog, step); }
});
