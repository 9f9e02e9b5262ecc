// The services a counter serves, in order: chosen and put in order by keyboard or mouse, remembered for this counter.
import { show } from "./dialogs.js";

const el = id => document.getElementById(id), place = code => "toiluot.services." + code;

export function rememberedServices(code, known) {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(place(code))); } catch (error) { /* none, or closed to us */ }
  const valid = Array.isArray(kept) ? kept.filter(service => service in known) : [];
  return valid.length ? valid : null;
}

function node(tag, fields) { return Object.assign(document.createElement(tag), fields); }

function rowOf(code, name, on) {
  const row = node("li", {}), label = node("label", {}), box = node("input", { type: "checkbox", value: code, checked: on });
  label.append(box, " " + name);
  row.append(node("span", { className: "n place" }), label);
  for (const [step, sign, word] of [[-1, "↑", "Lên"], [1, "↓", "Xuống"]]) {
    const button = node("button", { type: "button", className: "small", textContent: sign, title: word });
    button.setAttribute("aria-label", word + ": " + name);
    button.addEventListener("click", () => move(row, step, button));
    row.append(button);
  }
  row.addEventListener("keydown", event => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.code];
    if (!step) return;
    event.preventDefault();
    if (event.altKey) move(row, step, event.target); else reach(row, step);
  });
  return row;
}

function reach(row, step) {
  const next = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (next) next.querySelector("input").focus();
}

function move(row, step, focused) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (other) row.parentNode.insertBefore(step < 0 ? row : other, step < 0 ? other : row);
  focused.focus();
  number();
}

function number() {
  let n = 0;
  el("profile-rows").querySelectorAll("li").forEach(row => { row.firstChild.textContent = row.querySelector("input").checked ? String(++n) : "–"; });
  el("profile-none").hidden = n > 0;
  el("profile-yes").disabled = !n;
}

// Resolves with the chosen services in order, or null.
export async function askServices(desk) {
  if (!el("profile")) return null;           // not fetched yet
  const names = desk.names.services, on = desk.counter.state === "closed" ? rememberedServices(desk.counter.code, names) || desk.counter.services : desk.counter.services;
  const all = on.concat(Object.keys(names).filter(code => !on.includes(code)));
  el("profile-rows").replaceChildren(...all.map(code => rowOf(code, names[code], on.includes(code))));
  el("profile-rows").onchange = number;
  number();
  if (await show("profile") !== "yes") return null;
  const chosen = Array.from(el("profile-rows").querySelectorAll("input:checked")).map(box => box.value);
  try { localStorage.setItem(place(desk.counter.code), JSON.stringify(chosen)); } catch (error) { /* closed to us */ }
  return chosen;
}
