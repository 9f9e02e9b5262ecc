// Pages that only look: asks htmx for a fresh fragment after events, lets "seen … ago" age on screen, tells a lost link.
import { mono, serverNow } from "./clock.js";
import { follow } from "./link.js";
import "./steady.js";
import { LINK } from "./words.js";

const SOON_MS = 600;             // many events make one request, and a busy hall never puts it off
let drawnAt = mono(), beat = () => {}, pending = 0;

function changed() {
  if (!pending) pending = setTimeout(() => { pending = 0; document.body.dispatchEvent(new CustomEvent("changed")); }, SOON_MS);
}

function banner(text) { const bar = document.getElementById("banner"); bar.className = text ? "banner" : ""; bar.textContent = text; }

function ago(s) {
  if (s < 60) return s + " giây trước";
  if (s < 3600) return Math.floor(s / 60) + " phút trước";
  return s < 86400 ? Math.floor(s / 3600) + " giờ trước" : Math.floor(s / 86400) + " ngày trước";
}

function age() {
  const passed = Math.floor((mono() - drawnAt) / 1000);
  document.querySelectorAll("[data-age]").forEach(cell => { cell.textContent = ago(Number(cell.dataset.age) + passed); });
}

follow({
  onLog: changed,
  onSnapshot: changed,
  onState(state, silent) {
    const mark = document.getElementById("link"), now = serverNow();
    mark.dataset.state = state; mark.textContent = LINK[state];
    const since = now === null ? "" : " từ " + new Date(now - silent).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
    banner(state === "lost" ? "Mất kết nối với máy chủ" + since + ". Số liệu dưới đây là lúc trước đó; trang sẽ tự nối lại." : "");
  },
  heard(tell) { beat = tell; }
});
document.body.addEventListener("htmx:afterSettle", () => { drawnAt = mono(); age(); });
document.body.addEventListener("htmx:afterRequest", event => { if (event.detail.successful) beat(); });
setInterval(age, 1000);
