// What a clerk needs a few times a day, each behind a dialog: holding, sending on, other outcomes, dossiers, corrections,
// the counter's own services, handing over. Gathers what the person chose; `act` of counter.js sends it.
import { serverNow } from "./clock.js";
import { askForm, show } from "./dialogs.js";
import { say } from "./desk.js";
import { askDossiers } from "./dossiers.js";
import { askServices } from "./profile.js";

const iso = minutes => new Date((serverNow() || Date.now()) + 60000 * minutes).toISOString();

// A chosen reason, a written one, or both.
function reasonOf(form) { return [form.get("pick"), form.get("reason")].filter(Boolean).join(": "); }

export function rareOf({ desk, act, path, code, handedOver }) {
  const there = () => desk.counter.current, on = (ticket, name) => "/tickets/" + ticket.id + "/" + name;

  async function send(form, name, to, fields, label, said) {
    const done = await act(name, to, fields, label);
    if (done && form) form.sent();
    if (done && said) say(said, "good");
    return done;
  }

  // Asks about the person at the desk, then sends what `fields` makes of the form.
  async function about(dialog, name, fields, said, ready) {
    const ticket = there(), form = await askForm(dialog, ticket.label, ticket.id, ready);
    if (form) await send(form, name, on(ticket, name), Object.assign({ counter: code }, fields(form)), ticket.label, said && said(ticket.label, form));
  }

  const withReason = (form, fields) => { const reason = reasonOf(form); return reason ? Object.assign(fields, { reason }) : fields; };
  const more = form => Number(form.get("more")) > 0 ? { more: Number(form.get("more")) } : {};

  function holding(form) {
    const minutes = Number(form.get("minutes"));
    return withReason(form, minutes ? { until: iso(minutes) } : {});
  }
  function sending(form) {
    const [kind, to] = form.get("to").split(":");
    return withReason(form, { to: { [kind]: to }, return_to_me: form.get("back") === "1" });
  }
  function ending(form) {
    const dossier = form.get("dossier").toUpperCase();
    return Object.assign({ outcome: form.get("outcome") }, dossier ? { dossier_code: dossier } : {}, more(form));
  }

  return {
    more: () => show("more"),
    hold: () => about("hold", "hold", holding, label => "Đang giữ " + label + " ở quầy này."),
    transfer: () => about("transfer", "transfer", sending, label => "Đã chuyển " + label + "."),
    outcome: () => about("outcome", "complete", ending, (label, form) => form.get("more") > 0 ? label + " về hàng chờ với phiếu cũ." : "Đã ghi kết quả của " + label + "."),
    reclassify: () => about("reclassify", "reclassify", form => withReason(form, { service: form.get("service") }), label => "Đã sửa việc của " + label + ".",
      form => form.querySelectorAll("[name=service]").forEach(input => { input.checked = input.value === there().service; })),
    release: () => act("release", on(there(), "release"), { counter: code }, there().label),
    async procedures(scanned) {
      const ticket = there(), form = await askDossiers(ticket, desk, scanned);
      if (!form) return;
      const done = await send(form, "procedures", on(ticket, "procedures"), { counter: code, procedures: form.procedures }, ticket.label, "Đã ghi hồ sơ của " + ticket.label + ".");
      if (done && form.more) await send(null, "complete", on(ticket, "complete"), { counter: code, more: form.more }, ticket.label, ticket.label + " về hàng chờ với phiếu cũ, còn " + form.more + " hồ sơ.");
    },
    async "undo-why"() {
      const last = desk.counter.undo, form = last && await askForm("undo-why", desk.undoName || "lệnh vừa rồi", last.cmd);
      if (form) await send(form, "undo", path + "/undo", withReason(form, { cmd: last.cmd }), "");
    },
    async "hand-over"() {
      const form = await askForm("hand-over", code, code);
      if (form && await send(form, "hand-over", path + "/hand-over", { to: form.get("login") }, "")) handedOver();
    },
    async profile(open) {
      const services = await askServices(desk);
      if (services) await open(services);
    }
  };
}
