// The wizard: fields to the three files of a card. Nothing of it stays here; the join key goes from the server's answer into the file.
import { Lost, Problem, command, get, postOnce, requestId } from "./api.js";

const form = document.getElementById("card"), byId = id => document.getElementById(id), value = name => form.elements[name].value.trim();
const lines = name => value(name).split(/\s*[\n,]\s*|\s{2,}/).filter(Boolean);
const FAULTS = { bad_format: "Chưa đúng cách viết.", required: "Cần điền.", unknown_value: "Không có lựa chọn này.", too_long: "Dài quá.", too_short: "Ngắn quá.", out_of_range: "Ngoài khoảng cho phép." };
const JOINS = ["kiosk", "board"];

function tell(place, text) { place.textContent = text; place.classList.toggle("bad", Boolean(text)); }
function facts() {
  const body = { role: form.elements.role.value, name: value("name"), servers: lines("servers") };
  for (const name of ["panel", "printer", "address", "gateway", "wifi_name", "wifi_password", "apt_source", "apt_key"]) if (value(name)) body[name] = value(name);
  if (value("dns")) body.dns = lines("dns");
  const keys = form.elements.ssh_keys.value.split("\n").map(each => each.trim()).filter(Boolean);
  if (keys.length) body.ssh_keys = keys;
  return body;
}

function faults(error) {
  let first = null;
  for (const each of error.body.errors || []) {
    const name = each.pointer.split("/")[1] === "ttl_s" ? "ttl" : each.pointer.split("/")[1], input = form.elements[name];
    const holder = input && input.closest && input.closest(".field"), place = holder && holder.querySelector("[data-say]");
    if (!place) continue;
    tell(place, FAULTS[each.code] || each.detail);
    first = first || input;
  }
  if (first) { const folded = first.closest("details"); if (folded) folded.open = true; first.focus(); }
  return Boolean(first);
}

function offer(files) {
  byId("files").replaceChildren(...Object.entries(files).sort().reverse().map(([name, text]) => {
    const link = document.createElement("a");
    link.className = "button blue"; link.download = name; link.textContent = "Tải " + name;
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    return link;
  }));
}

async function make(event) {
  event.preventDefault();
  form.querySelectorAll("[data-say]").forEach(each => tell(each, ""));
  const button = form.querySelector("button.primary"), body = facts(), joins = form.elements.join.value === "1" && JOINS.includes(body.role);
  if (!body.name) { tell(form.elements.name.closest(".field").querySelector("[data-say]"), FAULTS.required); form.elements.name.focus(); return; }
  button.disabled = true;
  try {
    await postOnce("/devices/cards", Object.assign({ request_id: requestId() }, body));   // a card that cannot be made uses up no key
    if (joins) {
      const profile = {}, key = { role: body.role, ttl_s: Number(value("ttl")) * 3600 };
      for (const name of ["panel", "printer"]) if (body[name]) profile[name] = body[name];
      if (value("replaces")) key.replaces = value("replaces"); else key.name = body.name;
      if (Object.keys(profile).length) key.profile = profile;
      body.join_key = (await command("/join-keys", key)).join_key;
    }
    const made = await postOnce("/devices/cards", Object.assign({ request_id: requestId() }, body));
    offer(made.files);
    byId("secret").hidden = !joins; byId("last").hidden = joins; byId("made").hidden = false; byId("made").focus();
  } catch (error) {
    if (error instanceof Lost) tell(byId("wrong"), "Máy chủ chưa trả lời. Thử lại sau.");
    else if (!(error instanceof Problem)) throw error;
    else if (!faults(error)) tell(byId("wrong"), error.message);
  }
  button.disabled = false;
}

function draw() {
  const joins = form.elements.join.value === "1";
  byId("hours").hidden = !joins;
  if (form.elements.replaces.value) form.elements.name.value = form.elements.replaces.value;
}
async function revoke(button) {
  const say = byId("key-said");
  button.disabled = true;
  try {
    await command("/join-keys/" + encodeURIComponent(button.dataset.revoke) + "/revoke", {});
    button.closest("tr").remove(); tell(say, "");
    say.textContent = "Đã thu hồi.";
  } catch (error) {
    button.disabled = false;
    if (!(error instanceof Lost) && !(error instanceof Problem)) throw error;
    tell(say, error instanceof Lost ? "Máy chủ chưa trả lời. Thử lại sau." : error.message);
  }
}
document.addEventListener("click", event => { const button = event.target.closest("[data-revoke]"); if (button) revoke(button); });
form.addEventListener("submit", make);
form.addEventListener("change", draw);
const wanted = new URLSearchParams(location.search).get("replaces");
if (wanted && Array.from(form.elements.replaces.options).some(option => option.value === wanted)) form.elements.replaces.value = wanted;
draw();
get("/session").then(() => { byId("link").textContent = "Đã kết nối"; }, () => { byId("link").dataset.state = "lost"; byId("link").textContent = "Mất kết nối"; });
