// What a scanner at the counter read: a slip is checked and the verdict said, a dossier goes to the person at the desk,
// anything else is looked for.
import { Lost, Problem, get } from "./api.js";
import { say } from "./desk.js";
import { DOSSIER, tidy } from "./dossiers.js";
import { personal } from "./guard.js";

const SLIP = /\/t\/([0-9A-Za-z_-]{16,64})\/?$/, APPOINTMENT = /(?:\/a\/|^toiluot:a:)([0-9A-Za-z_-]{16,64})\/?$/;
const TONES = { right: "good", not_yet_called: "warn", other_counter: "warn", other_service: "warn" };

export function checkOf({ path, find, dossier }) {
  let scans = 0;                       // the answer to an earlier scan says nothing once there is a later one
  async function slip(code, scan) {
    say("Đang kiểm tra phiếu…", "");
    try {
      const { verdict, say: words } = await get(path + "/check?code=" + encodeURIComponent(code));
      if (scan === scans) say((verdict === "right" ? "✓ " : "✕ ") + (words.vi || words), (TONES[verdict] || "bad") + " verdict");
    } catch (error) {
      if (!(error instanceof Lost || error instanceof Problem)) throw error;
      if (scan === scans) say(error.message || "Máy chủ chưa trả lời. Xin quét lại.", "bad verdict");
    }
  }
  return (text, broken) => {
    const ticket = SLIP.exec(text), booked = APPOINTMENT.exec(text), code = tidy(text), scan = ++scans;
    if (broken) say("✕ Bộ gõ tiếng Việt làm hỏng mã vừa quét. Chuyển sang gõ tiếng Anh (E) rồi quét lại.", "bad verdict");
    else if (ticket) slip(ticket[1], scan);
    else if (DOSSIER.test(code)) { if (!dossier(code)) find(code); } else if (booked) find(booked[1]);
    else if (personal(text) || !/^[0-9A-Za-z_-]{2,64}$/.test(text)) say("✕ Đây không phải phiếu số.", "bad verdict");      // nothing of a card is sent
    else slip(text, scan);
  };
}
