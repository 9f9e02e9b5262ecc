// Vietnamese words of the clerk's console for states, buttons and refusals. Words only.
export const STATE = {
  closed: ["Quầy chưa mở", "plain"], paused: ["Tạm nghỉ", "warn"], wrapping_up: ["Đang làm giấy tờ", "warn"], open: ["Sẵn sàng", "plain"],
  called: ["Đã gọi", "warn"], serving: ["Đang phục vụ", "good"], viewing: ["Chỉ xem", "plain"]
};
export const DONE = {
  next: "Đã gọi", recall: "Đã gọi lại", serve: "Bắt đầu phục vụ", hold: "Giữ lại quầy", "no-show": "Vắng mặt", complete: "Xong",
  release: "Đã trả về hàng chờ", transfer: "Đã chuyển", pause: "Tạm nghỉ", resume: "Đã làm việc lại", "wrap-up": "Đang làm giấy tờ",
  open: "Đã mở quầy", close: "Đã đóng quầy", undo: "Đã hoàn tác", "resume-held": "Tiếp tục phục vụ", call: "Gọi riêng", readmit: "Cho vào hàng lại",
  reclassify: "Sửa việc", procedures: "Ghi hồ sơ", "hand-over": "Bàn giao quầy", activate: "Làm ở quầy này", help: "Đã gọi hỗ trợ"
};
// How it stands with a ticket, in the middle of a sentence.
export const LIVES = {
  waiting: "đang chờ", called: "đã gọi", serving: "đang phục vụ", held: "đang giữ", completed: "đã xong", no_show: "vắng mặt", cancelled: "đã huỷ",
  expired: "đã hết hạn", moved: "đã chuyển"
};
const AT_DESK = ["recall", "serve", "hold", "no-show", "complete", "release", "transfer", "reclassify", "procedures"];

// Why a button cannot be pressed now, in words a clerk can act on.
export function whyNot(command, counter, atDesk) {
  if (counter.state === "closed") return command === "close" ? "Quầy chưa mở." : "Quầy chưa mở. Bấm “Mở quầy” trước.";
  if (command === "undo") return "Không còn lệnh nào hoàn tác được.";
  if (counter.reason === "other_counter" && command !== "close") return "Bạn đang làm ở quầy khác. Bấm “Làm ở quầy này” trước.";
  if (counter.state === "paused" && command !== "close") return "Quầy đang tạm nghỉ. Bấm F10 để làm việc lại.";
  if (AT_DESK.includes(command)) {
    if (!atDesk) return "Chưa có ai ở quầy. Bấm F2 để gọi.";
    return atDesk === "serving" ? "Người này đang được phục vụ." : "Bấm “Bắt đầu phục vụ” trước.";
  }
  if (command === "close") return "Còn người ở quầy. Bấm F9 khi xong rồi đóng quầy.";
  if (command === "wrap-up") return "Quầy đang làm giấy tờ rồi.";
  return "Lúc này chưa dùng được.";
}

export const LANGUAGES = { en: "Tiếng Anh", hmn: "Tiếng Mông", bru: "Tiếng Bru", tyz: "Tiếng Tày" };
export const NEEDS = { see: "Khó nhìn", hear: "Khó nghe", walk: "Khó đi lại", talk: "Khó nói" };
export const LINK = { live: "Kết nối tốt", wait: "Đang nối lại…", lost: "Mất kết nối" };
export const NO_LINK = "Mất kết nối với máy chủ. Nút sẽ dùng được khi có lại kết nối.";
export const READ_ONLY = "Quầy đang mở ở máy khác. Máy này chỉ xem.";
