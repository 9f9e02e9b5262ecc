"""The codes by which a device's health is told, and one line for each on what to do, in Vietnamese and in English.

Holds words and their order of weight, and the debouncing of "paper low". Talks to no device.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.codecs.escpos_status import PrinterStatus

HINTS: dict[str, tuple[str, str]] = {
    "ok": ("Hoạt động bình thường.", "Working."),
    "paper_low": ("Giấy sắp hết: chuẩn bị cuộn giấy mới.", "Paper is running low: have a new roll at hand."),
    "paper_out": ("Hết giấy: lắp cuộn giấy mới rồi đóng nắp.", "Out of paper: put in a new roll and close the cover."),
    "cover_open": ("Nắp máy in đang mở: đóng nắp lại.", "The printer's cover is open: close it."),
    "cutter": ("Dao cắt bị kẹt: tắt máy in, gỡ giấy kẹt, bật lại.", "The cutter is stuck: switch off, clear the paper, switch on."),
    "offline": ("Máy in đang tạm ngưng: bấm nút nguồn hoặc nút đẩy giấy.", "The printer is offline: press its power or feed button."),
    "overheat": ("Đầu in quá nóng: đợi vài phút, máy sẽ tự in lại.", "The print head is hot: wait a few minutes, it recovers by itself."),
    "absent": ("Không thấy thiết bị: kiểm tra nguồn và dây nối.", "The device is not there: check its power and its cable."),
    "permission": (
        "Không có quyền mở thiết bị: thêm tài khoản dịch vụ vào nhóm của thiết bị (xem “ls -l”).",
        "No right to open the device: add the service's account to the group of its node (see “ls -l”).",
    ),
    "busy": (
        "Thiết bị đang bị chương trình khác giữ: chạy “toiluot drivers doctor” để biết chương trình nào.",
        "Another program holds the device: “toiluot drivers doctor” names it.",
    ),
    "timeout": (
        "Thiết bị không trả lời: tắt đi rồi bật lại, kiểm tra dây và tốc độ đường truyền.",
        "The device does not answer: switch it off and on, check cable and line speed.",
    ),
    "error": (
        "Thiết bị báo lỗi: tắt đi rồi bật lại; nếu còn, gọi kỹ thuật.",
        "The device reports a fault: switch it off and on, else call a technician.",
    ),
    "garbled": (
        "Đường dây có dữ liệu lẫn lộn: kiểm tra tốc độ (baud), địa chỉ, giao thức, dây A/B và điện trở cuối đường.",
        "What comes on the line makes no sense: check line speed, address, protocol, the wires A and B and the terminating resistor.",
    ),
    "refused": (
        "Thiết bị hiểu nhưng từ chối lệnh: kiểm tra giao thức (protocol) và số chữ số (digits) trong cấu hình.",
        "The device understood and refused: check protocol and digits in the configuration.",
    ),
    "touch_dead": (
        "Nhiều phiếu đã in mà lâu không ai chạm màn hình: chạm thử, kiểm tra dây USB cảm ứng, khởi động lại máy.",
        "Slips went out and nobody touched the screen for hours: touch it, check its USB cable, restart the machine.",
    ),
    "touch_turned": (
        "Cảm ứng chưa xoay theo màn hình: ghi dòng udev sau đây vào tệp, rồi “udevadm control --reload” và khởi động lại.",
        "Touches are not turned with the screen: put this udev line into the file, then “udevadm control --reload” and restart.",
    ),
    "no_voice": (
        "Máy chưa có giọng đọc: “apt-get install espeak-ng alsa-utils”.",
        "There is no voice on this machine: “apt-get install espeak-ng alsa-utils”.",
    ),
    "slow": (
        "Thiết bị trả lời chậm: tăng tốc độ đường truyền (baud), cắm thẳng vào máy, không qua bộ chia USB.",
        "The device answers slowly: raise the line speed, plug it in directly and not through a hub.",
    ),
    "stalls": (
        "Thiết bị nhận được một phần rồi ngừng: tắt đi rồi bật lại, kiểm tra dây và cách bắt tay (flow).",
        "The device takes a part and stops: switch it off and on, check the cable and the flow control.",
    ),
    "duplicate": (
        "Có nhiều thiết bị giống nhau: chạy “toiluot drivers bind” để chọn theo số sê-ri hoặc theo cổng USB.",
        "Several devices fit: “toiluot drivers bind” chooses one by serial number or USB socket.",
    ),
    "no_pcscd": (
        "Dịch vụ đầu đọc chip không chạy: “apt-get install pcscd” rồi “systemctl enable --now pcscd.socket”.",
        "The chip reader's service does not run: “apt-get install pcscd”, then “systemctl enable --now pcscd.socket”.",
    ),
    "no_anchor": (
        "Chưa xác minh được nơi ký chip: chép chứng thư CSCA vào thư mục “anchors” trong cấu hình.",
        "Who signed the chip cannot be verified: put the CSCA certificate into the folder “anchors” of the configuration.",
    ),
    "scan_charset": (
        "Máy quét gửi sai bảng mã chữ Việt: quét mã cài đặt “UTF-8” trong sách hướng dẫn máy quét.",
        "The scanner sends the wrong code page: scan the “UTF-8” set-up code of its manual.",
    ),
    "scan_keyboard": (
        "Máy quét đặt sai kiểu bàn phím: quét mã cài đặt “USB Keyboard: US/English”, hoặc chuyển sang “USB-COM”.",
        "The scanner types for another country's keyboard: scan the set-up code “US keyboard”, or change it to USB-COM.",
    ),
    "scan_prefix": (
        "Máy quét thêm chữ trước mã: quét mã cài đặt tắt “Code ID” và “Prefix”.",
        "The scanner puts letters before the code: scan the set-up codes that switch “Code ID” and “Prefix” off.",
    ),
    "scan_noise": (
        "Dữ liệu quét bị hỏng trên đường dây: kiểm tra tốc độ (baud), ký tự kết thúc (CR) và dây nối.",
        "Scans arrive broken: check the line speed (baud), the suffix (CR) and the cable.",
    ),
    "scan_unknown": (
        "Nhiều mã liên tiếp không phải thẻ hay phiếu: quét thử một thẻ căn cước; nếu vẫn vậy, đặt lại máy quét về mặc định.",
        "Several codes in a row are no card and no slip: try an identity card; if it is the same, reset the scanner to its defaults.",
    ),
}
CODES = tuple(HINTS)
# With these a slip cannot come out now.
STOPPING = frozenset(CODES) - {"ok", "paper_low", "timeout"}
PAPER_LOW_READINGS = 3


@dataclass(frozen=True)
class Health:
    """One code and, where it helps a technician, the device's own words."""

    code: str = "ok"
    detail: str = ""

    @property
    def well(self) -> bool:
        return self.code == "ok"


def hint(code: str) -> dict[str, str]:
    vietnamese, english = HINTS.get(code, HINTS["error"])
    return {"vi": vietnamese, "en": english}


def printer_health(status: PrinterStatus) -> Health:
    """The weightiest ailment of a printer: what a person must mend first stands first."""
    if status.silent:
        return Health("timeout", "no answer to DLE EOT")
    if status.cover_open:
        return Health("cover_open")
    if status.paper_out:
        return Health("paper_out")
    if status.cutter:
        return Health("cutter")
    if status.overheat:
        return Health("overheat")
    if status.broken:
        return Health("error", "unrecoverable error")
    if status.is_offline:
        return Health("offline")
    if status.printer is None or status.paper is None:
        return Health("timeout", "some questions were not answered")
    return Health("paper_low") if status.paper_low else Health()


class PaperLow:
    """Near-end sensors flicker while paper moves: low is said after three readings in a row, and unsaid after three."""

    def __init__(self) -> None:
        self._said = False
        self._against = 0

    @property
    def unsure(self) -> bool:
        """Whether the last reading spoke against what is said: worth looking again soon."""
        return self._against > 0

    def settle(self, health: Health) -> Health:
        if health.code not in ("ok", "paper_low"):
            return health
        low = health.code == "paper_low"
        self._against = self._against + 1 if low != self._said else 0
        if self._against >= PAPER_LOW_READINGS:
            self._said, self._against = low, 0
        return Health("paper_low") if self._said else Health("ok")
