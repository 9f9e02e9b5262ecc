// The dossiers of the person at the desk: one line each, typed or scanned, in either of the two forms of a code. Enter on a
// filled line opens the next one; Enter on an empty line is the end.
import { get } from "./api.js";
import { askForm } from "./dialogs.js";
import { personal } from "./guard.js";

const el = id => document.getElementById(id);
export const DOSSIER = /^[0-9A-Z]{1,5}(\.[0-9A-Z]{1,5})*-([0-9]{6}|[0-9]{8})-[0-9]{4,7}$/;
export const tidy = text => text.trim().replace(/[‐‑‒–—−]/g, "-").replace(/\s+/g, "").toUpperCase();

const lines = () => Array.from(el("dossier-lines").children);
const codeOf = line => line.querySelector("[name=dossier]");

function line(procedure, code, quantity) {
  const made = el("dossier-line").content.firstElementChild.cloneNode(true), count = lines().length + 1;
  made.querySelectorAll("input").forEach(input => input.setAttribute("aria-label", input.getAttribute("aria-label") + " " + count));
  made.querySelector("[name=procedure]").value = procedure;
  codeOf(made).value = code;
  made.querySelector("[name=quantity]").value = String(quantity);
  made.querySelector("button").addEventListener("click", () => { if (lines().length > 1) made.remove(); else codeOf(made).value = ""; codeOf(lines()[0]).focus(); el("dossier-lines").dispatchEvent(new Event("input", { bubbles: true })); });
  el("dossier-lines").append(made);
  return made;
}

// How a dossier stands, beside its code, where the site looks dossiers up: asked once per code, never waited for, and where nobody
// answers the line looks as if nobody had been asked.
const standings = new Map();
function standing(code) {
  if (el("dossiers").dataset.lookUp === undefined || !DOSSIER.test(code) || standings.has(code)) return;
  standings.set(code, "");
  get("/dossiers/" + encodeURIComponent(code)).then(told => { standings.set(code, told.state.vi); check(); }).catch(() => {});
}

const filled = () => lines().filter(each => codeOf(each).value.trim() || each.querySelector("[name=procedure]").value.trim());

// What is written is looked at while it is written: the form of each code, and how many a turn takes.
function check() {
  const limit = Number(el("dossiers").dataset.limit), codes = new Set();
  let wrong = false;
  lines().forEach(each => {
    const input = codeOf(each), code = tidy(input.value), mark = each.querySelector(".mark");
    if (code) codes.add(code);
    wrong = wrong || personal(input.value);
    mark.hidden = !code;
    mark.className = "mark " + (DOSSIER.test(code) ? "good" : "warn");
    mark.textContent = personal(input.value) ? "Không ghi số giấy tờ" : DOSSIER.test(code) ? standings.get(code) || "Đúng mẫu" : "Chưa đúng mẫu";
  });
  const over = limit > 0 && codes.size > limit;
  el("dossier-limit").hidden = !(limit > 0 && codes.size >= limit);
  el("dossier-over").hidden = !over;
  el("dossier-yes").disabled = over || wrong;
}

function onEnter(event) {
  if (event.code !== "Enter" && event.code !== "NumpadEnter") return;
  const input = event.target.closest("[name=dossier]");
  if (!input || !input.value.trim()) return;
  event.preventDefault();
  input.value = tidy(input.value);
  standing(input.value);
  const at = lines().indexOf(input.closest("li")), next = lines()[at + 1] || line("", "", 1);
  check();
  codeOf(next).focus();
}

function scanInto(code) {
  const empty = lines().find(each => !codeOf(each).value.trim()) || line("", "", 1);
  if (!lines().some(each => tidy(codeOf(each).value) === code)) codeOf(empty).value = code;
}

// Resolves with the procedures to note and how many dossiers are left for another turn, or null.
export async function askDossiers(ticket, desk, scanned) {
  if (!el("dossiers")) return null;          // not fetched yet
  const noted = ticket.steps.length ? ticket.steps[ticket.steps.length - 1].procedures : [], known = (desk.names.procedures || {})[ticket.service] || [];
  el("dossiers").dataset.limit = String((desk.counter.settings || {}).dossiers_per_turn || 0);
  el("dossier-codes").replaceChildren(...known.map(code => Object.assign(document.createElement("option"), { value: code })));
  document.querySelectorAll("#dossiers [data-limit-n]").forEach(node => { node.textContent = el("dossiers").dataset.limit; });
  const form = await askForm("dossiers", ticket.label, ticket.id, (made, kept) => {
    el("dossier-lines").replaceChildren();
    noted.forEach(each => line(each.code || "", each.dossier_code || "", each.quantity || 1));
    while (lines().length < Math.max(1, kept.length / 2)) line("", "", 1);
    if (scanned) scanInto(scanned);
    lines().forEach(each => standing(tidy(codeOf(each).value)));
    el("dossier-lines").onkeydown = onEnter;
    made.oninput = check;
    check();
    setTimeout(() => codeOf(lines()[lines().length - 1]).focus());
  });
  if (!form) return null;
  form.procedures = filled().map(each => {
    const value = name => each.querySelector("[name=" + name + "]").value.trim(), quantity = Number(value("quantity")) || 1;
    return Object.assign(value("procedure") ? { code: value("procedure") } : {}, value("dossier") ? { dossier_code: tidy(value("dossier")) } : {}, quantity > 1 ? { quantity } : {});
  });
  form.more = Number(form.get("more")) || 0;
  return form;
}
