// Buttons and forms that say themselves what they send, for pages without a script of their own for it. One request id per press.
// What was changed in a form goes out; times are local to the site, whose offset stands in every time the page shows.
import { Lost, Problem, command } from "./api.js";

const OFFSET = "+07:00", WAIT = "Máy chủ chưa trả lời, đang gửi lại…";

function line(node) {
  for (let place = node; place; place = place.parentElement) { const found = place.querySelector("[data-said]"); if (found) return found; }
  return null;
}

function tell(node, text, bad) { const said = line(node); if (said) { said.textContent = text; said.classList.toggle("bad", Boolean(bad)); } }

function words(error) {
  if (error instanceof Problem) { const first = (error.body.errors || [])[0]; return first ? "Chưa ghi được. " + first.detail : error.message; }
  if (error instanceof Lost) return "Máy chủ chưa trả lời. Xin bấm lại.";
  throw error;
}

async function send(path, fields, node, button) {
  if (button.disabled) return;
  button.disabled = true; tell(node, "");
  try {
    await command(path, fields, () => tell(node, WAIT));
    const part = node.closest("details"), holder = node.closest("[hx-get]");
    if (part) part.open = false;
    if (holder) holder.dispatchEvent(new CustomEvent("pressed"));
    document.body.dispatchEvent(new CustomEvent("changed"));
  } catch (error) { tell(node, words(error), true); } finally { button.disabled = false; }
}

function changes(form) {
  const fields = {};
  form.querySelectorAll("input[name]").forEach(input => {
    if (input.type === "checkbox") { if (input.checked) fields[input.name] = true; }
    else if (input.value && (input.value !== input.defaultValue || input.type === "text")) fields[input.name] = input.type === "datetime-local" ? input.value + ":00" + OFFSET : input.value;
  });
  return fields;
}

document.addEventListener("click", event => {
  const pressed = event.target.closest("[data-post]");
  if (pressed) send(pressed.dataset.post, JSON.parse(pressed.dataset.fields || "{}"), pressed, pressed);
});
document.addEventListener("submit", event => {
  if (!event.target.dataset.send) return;
  event.preventDefault();
  send(event.target.dataset.send, changes(event.target), event.target, event.target.querySelector("button"));
});
// Somebody is just writing there: the part is drawn anew when that is sent or closed.
document.body.addEventListener("htmx:beforeSwap", event => { if (event.detail.target.querySelector("details[open] form[data-send]")) event.detail.shouldSwap = false; });
