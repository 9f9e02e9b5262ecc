// Native dialogs, each a question with one answer. Esc closes, the browser gives focus back to where it was.
const el = id => document.getElementById(id);

function fill(dialog, values) {
  Object.entries(values).forEach(([name, text]) => dialog.querySelectorAll("[data-" + name + "]").forEach(node => { node.textContent = text; }));
}

// Resolves with the data-answer of the pressed button, or "no".
function ask(id, values, onKey) {
  const dialog = el(id);
  if (dialog.open) return Promise.resolve("no");
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

// Resolves with the fields of a transfer, or null. What was typed stays in the form until it is sent.
export async function askTransfer(label) {
  const dialog = el("transfer"), form = dialog.querySelector("form");
  if ((await ask("transfer", { label })) !== "yes") return null;
  const values = new FormData(form), [kind, code] = String(values.get("to")).split(":");
  const fields = { to: { [kind]: code }, return_to_me: values.get("back") === "1" };
  if (values.get("reason")) fields.reason = values.get("reason");
  return { fields, sent() { form.reset(); } };
}

export function anyOpen() { return Boolean(document.querySelector("dialog[open]")); }
