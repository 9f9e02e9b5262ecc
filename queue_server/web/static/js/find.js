// Ctrl+K: finds a person of today by label, dossier or appointment code, and does what fits: calls out of turn with a
// reason, goes on with whom one holds, takes back whom one had marked absent. Also the list of those marked absent.
import { Lost, Problem, get } from "./api.js";
import { minutes, untilMs } from "./clock.js";
import { show } from "./dialogs.js";
import { personal } from "./guard.js";
import { LIVES } from "./words.js";

const el = id => document.getElementById(id), SOON_MS = 180;

function node(tag, className, text) { const made = document.createElement(tag); made.className = className; if (text) made.textContent = text; return made; }

export function finderOf({ desk, act, path, code }) {
  let found = [], at = 0, timer = 0, asked = 0, picked = null;

  // What Enter would do with this person, as [words, doing]; doing null where nothing fits.
  function fitting(ticket) {
    const mine = ticket.counter === code, free = !desk.counter.current;
    if (ticket.state === "waiting") return free ? ["Enter: gọi trước lượt", why] : ["Xong người ở quầy trước, rồi gọi", null];
    if (ticket.state === "held" && mine) return free ? ["Enter: tiếp tục phục vụ", resume] : ["Xong người ở quầy trước", null];
    if (ticket.state === "no_show") return ["Enter: cho vào hàng lại", readmit];
    return ["", null];
  }

  function resume(ticket) { return act("resume-held", "/tickets/" + ticket.id + "/resume", { counter: code }, ticket.label); }
  function readmit(ticket) { return act("readmit", "/tickets/" + ticket.id + "/readmit", { reason: "đã có mặt" }, ticket.label); }

  function why(ticket) {
    picked = ticket;
    el("find-why").hidden = false;
    el("find-why").querySelectorAll("[data-found]").forEach(span => { span.textContent = ticket.label; });
    el("find-why").querySelector("input").focus();
  }

  function rowOf(ticket, n) {
    const row = node("li", ""), [words] = fitting(ticket), life = LIVES[ticket.state] || ticket.state;
    row.id = "found-" + n;
    row.setAttribute("role", "option");
    row.append(node("span", "label", ticket.label), node("span", "", ticket.service_name || desk.names.services[ticket.service] || ticket.service),
      node("span", "muted", life + (ticket.counter ? " · quầy " + ticket.counter : "") + (ticket.dossier_code ? " · hồ sơ …" + ticket.dossier_code.slice(-4) : "")), node("span", "small does", words));
    row.addEventListener("click", () => { at = n; draw(); enter(); });
    return row;
  }

  function draw() {
    Array.from(el("found").children).forEach((row, n) => row.setAttribute("aria-selected", String(n === at)));
    const row = el("found").children[at];
    if (row) { el("find-text").setAttribute("aria-activedescendant", row.id); row.scrollIntoView({ block: "nearest" }); } else el("find-text").removeAttribute("aria-activedescendant");
  }

  function tell(text) { el("find-say").textContent = text; }

  async function search() {
    const q = el("find-text").value.trim(), mine = ++asked;
    picked = null; el("find-why").hidden = true;
    let tickets = [], words = "";
    if (personal(q)) words = "Không tìm theo số giấy tờ của người dân. Gõ số phiếu, mã hồ sơ hoặc mã hẹn.";
    else if (q) {
      try { tickets = (await get("/find?q=" + encodeURIComponent(q))).tickets; words = tickets.length ? tickets.length + " số" : "Không có số nào hôm nay khớp “" + q + "”."; } catch (error) {
        if (!(error instanceof Lost || error instanceof Problem)) throw error;
        words = error.message || "Máy chủ chưa trả lời. Xin thử lại.";
      }
    }
    if (mine !== asked) return;
    found = tickets; at = 0;
    el("found").replaceChildren(...found.map(rowOf));
    el("find-text").setAttribute("aria-expanded", String(found.length > 0));
    tell(words);
    draw();
  }

  function enter() {
    const ticket = found[at], doing = ticket && fitting(ticket)[1];
    if (!doing) { if (ticket) tell(fitting(ticket)[0] || ticket.label + " " + (LIVES[ticket.state] || ticket.state) + "."); return; }
    if (doing === why) { why(ticket); return; }
    el("find").close("no");
    doing(ticket);
  }

  function call(event) {
    event.preventDefault();
    const reason = [new FormData(el("find-why")).get("pick"), el("find-reason").value.trim()].filter(Boolean).join(": ");
    if (!reason) { tell("Chọn hoặc ghi lý do."); el("find-reason").focus(); return; }
    const ticket = picked;
    el("find").close("no");
    act("call", path + "/call", { ticket: ticket.id, reason }, ticket.label);
  }

  async function open(text) {
    const input = el("find-text");
    if (!input) return;
    input.value = text || ""; found = []; el("found").replaceChildren(); el("find-why").reset(); el("find-why").onsubmit = call; tell("");
    input.oninput = () => { clearTimeout(timer); timer = setTimeout(search, SOON_MS); };
    input.onkeydown = async event => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
      if (step && found.length) { event.preventDefault(); at = (at + step + found.length) % found.length; draw(); }
      if ((event.code === "Enter" || event.code === "NumpadEnter") && !event.repeat && !event.isComposing) {
        event.preventDefault(); clearTimeout(timer);
        if (!found.length || input.dataset.asked !== input.value) { input.dataset.asked = input.value; await search(); if (found.length !== 1) return; }
        enter();
      }
    };
    input.dataset.asked = "";
    search();
    await show("find");
  }

  function absentRow(ticket) {
    const row = node("li", ""), left = untilMs(ticket.undo_until), acts = node("div", "acts"), free = !desk.counter.current;
    const button = (text, doing, off) => { const made = node("button", "", text); made.type = "button"; made.disabled = Boolean(off); made.title = off || ""; made.addEventListener("click", () => { el("absent").close("no"); doing(); }); acts.append(made); };
    if (left > 0) button("Đã đến, gọi lại quầy (" + minutes(left / 1000) + ")", () => act("undo", path + "/undo", { cmd: ticket.cmd, reason: "đã có mặt" }, ticket.label), free ? "" : "Xong người ở quầy trước.");
    if (untilMs(ticket.readmit_until) > 0) button("Cho vào hàng lại", () => readmit(ticket), "");
    row.append(node("span", "label", ticket.label), node("span", "grow", ticket.service_name || desk.names.services[ticket.service] || ticket.service), acts);
    return row;
  }

  function absent() {
    const all = desk.counter.absent || [];
    el("absent-rows").replaceChildren(...all.map(absentRow));
    el("absent-none").hidden = all.length > 0;
    return show("absent");
  }

  return { find: open, absent };
}
