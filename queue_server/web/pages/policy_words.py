"""Every setting a manager may change, in plain Vietnamese: its name, its unit and what it does. Pure words; the page draws them.

A setting of seconds is shown in minutes where both its value and its default are whole minutes. `{v}` in an effect is the value
with its unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from queue_server.domain.config import WORDS, Policy


@dataclass(frozen=True, slots=True)
class Setting:
    """`unit`: `s` seconds, `flag`, `word` (one of a few), `targets` (a few rising times), or what is counted."""

    name: str
    title: str
    unit: str
    effect: str


SECTIONS: tuple[tuple[str, str, tuple[Setting, ...]], ...] = (
    ("order", "Thứ tự gọi", (
        Setting("transfer_credit_s", "Cộng khi chuyển quầy", "s", "Người được chuyển quầy được xếp như đến sớm hơn {v}."),
        Setting("appointment_credit_s", "Cộng cho người có hẹn", "s", "Người đến đúng hẹn được xếp như đến sớm hơn {v}."),
        Setting("appointment_early_s", "Được báo đến sớm", "s", "Người có hẹn được báo đến sớm nhất {v} trước giờ hẹn."),
        Setting("appointment_late_s", "Muộn vẫn tính là có hẹn", "s", "Đến muộn quá {v} thì xếp như người không hẹn."),
        Setting("readmit_s", "Vắng mặt rồi quay lại", "s", "Người bị đánh dấu vắng quay lại trong {v} thì được vào hàng lại."),
        Setting("dossiers_per_turn", "Hồ sơ mỗi lượt", "hồ sơ", "Quá {v}, người dân vào hàng lại với phiếu cũ. 0 là không giới hạn."),
        Setting("long_wait_alarm_s", "Báo chờ lâu", "s", "Có người chờ quá {v} thì trang Điều hành báo đỏ. Không đổi thứ tự."),
        Setting("targets_s", "Mốc thời gian chờ", "targets", "Công bố tỷ lệ người được gọi trong {v}."),
    )),
    ("end", "Cuối ngày", (
        Setting("warn_by_capacity", "Hỏi trước khi in nếu có thể không kịp", "flag", "Máy lấy số hỏi một lần trước khi in."),
        Setting("stop_by_capacity", "Ngừng phát số khi đã kín giờ", "flag", "Không phát thêm số mà các quầy không kịp phục vụ."),
        Setting("leftovers", "Số chưa gọi khi hết ngày", "word", "Số chưa gọi: {v}."),
        Setting("carry_credit_s", "Cộng cho số chuyển sang hôm sau", "s", "Thêm {v}, ngoài thời gian đã chờ hôm trước."),
    )),
    ("take", "Lấy số", (
        Setting("holder_limit", "Số đang chờ của một thẻ", "số", "Một thẻ căn cước giữ nhiều nhất {v} cùng lúc. 0 là không giới hạn."),
        Setting("holder_scope", "Giới hạn ấy tính trong", "word", "Đếm số của một thẻ: {v}."),
        Setting("taking_alarm_count", "Báo lấy số bất thường", "số", "Một máy phát quá {v} trong thời gian dưới đây thì báo."),
        Setting("taking_alarm_s", "Trong khoảng thời gian", "s", "Đếm số lấy trong {v} gần nhất."),
        Setting("appointment_contact", "Liên hệ khi đặt hẹn", "word", "Người đặt hẹn: {v}."),
        Setting("dossier_codes", "Mã hồ sơ", "word", "Mã hồ sơ nhập ở quầy: {v}."),
        Setting("no_paper", "Khi máy hết giấy", "word", "Hết giấy: {v}."),
        Setting("slip", "Phiếu in", "word", "Phiếu: {v}."),
        Setting("lease_count", "Số dự phòng mỗi máy lấy số", "số", "Mất kết nối, mỗi máy tự phát được {v} cho từng dãy."),
    )),
    ("screen", "Màn hình và bàn phím quầy", (
        Setting("guard_s", "Chặn bấm nhầm sau khi gọi", "s", "Trong {v} sau khi gọi, phím gọi tiếp không làm gì."),
        Setting("confirm_s", "Hỏi lại khi bấm sớm", "s", "Trong {v} sau khi gọi, phím gọi tiếp hỏi lại một lần."),
        Setting("undo_s", "Hoàn tác", "s", "Việc vừa làm ở quầy hoàn tác được trong {v}."),
        Setting("undo_no_show_s", "Hoàn tác vắng mặt", "s", "Đánh dấu vắng hoàn tác được trong {v}."),
        Setting("recalls_before_no_show", "Gọi lại trước khi đánh vắng", "lần", "Nhắc cán bộ gọi đủ {v} rồi mới đánh dấu vắng."),
        Setting("number_shown_s", "Hiện số trên máy lấy số", "s", "Số vừa lấy hiện {v} rồi màn hình về đầu."),
        Setting("number_shown_no_paper_s", "Hiện số khi không in được", "s", "Không có phiếu thì số hiện {v}."),
        Setting("idle_s", "Chờ người dùng máy", "s", "Không ai chạm trong {v} thì máy hỏi rồi về màn hình đầu."),
        Setting("same_card_s", "Đặt lại cùng thẻ", "s", "Đặt lại thẻ trong {v} thì hiện số cũ, không phát số mới."),
        Setting("rating_shown_s", "Hỏi đánh giá", "s", "Bốn khuôn mặt hiện {v} sau khi xong việc."),
    )),
)  # fmt: skip

UNITS = {"s": "giây", "targets": "phút"}
CHOICES = {
    "leftovers": {"expire": "hết hạn", "carry": "dùng tiếp ngày làm việc sau, được gọi trước"},
    "no_paper": {"show": "hiện số trên màn hình", "refuse": "không phát số"},
    "slip": {"auto": "tự chọn theo giấy", "full": "đầy đủ", "short": "ngắn"},
    "dossier_codes": {"any": "nhận mọi dạng mã", "known": "chỉ nhận hai dạng mã đang dùng"},
    "appointment_contact": {"optional": "không bắt buộc để lại liên hệ", "required": "phải để lại liên hệ, mỗi liên hệ một hẹn"},
    "holder_scope": {"site": "điểm này", "centre": "mọi điểm của trung tâm"},
}
FAULTS = {
    "out_of_range": "Số này ngoài khoảng cho phép.",
    "wrong_type": "Cần một số nguyên.",
    "bad_calendar": "Viết giờ như 07:00-11:30, 13:30-17:00; ngày như 2027-02-06.",
    "bad_date": "Chọn một ngày.",
    "bad_value": "Giá trị này không dùng được.",
    "bad_time": "Chọn ngày giờ sau lúc này.",
    "unknown_calendar": "Chưa có lịch này.",
    "bad_slots": "Mỗi khung hẹn dài 5 đến 480 phút và có ít nhất một chỗ.",
    "bad_series": "Một hoặc hai chữ trong A C H K L M N X.",
    "bad_code": "Chữ không dấu, số, dấu gạch; tối đa 28 ký tự.",
    "bad_format": "Chữ không dấu, số, dấu gạch.",
    "taken": "Mã này đã là một việc thường xuyên.",
    "unknown_counter": "Không có quầy này.",
    "too_short": "Hãy điền mục này.",
    "required": "Hãy điền mục này.",
    "too_long": "Ngắn hơn một chút.",
}


def in_minutes(value: int, default: int) -> bool:
    """Whether a setting of seconds reads better in minutes."""
    return value % 60 == 0 and default % 60 == 0 and default >= 120


def in_text(targets_s: Sequence[int]) -> str:
    """A few times as a manager writes them: in minutes, with commas between."""
    return ", ".join(f"{each / 60:g}" for each in targets_s)


def with_unit(setting: Setting, value: Any, default: Any) -> str:
    """A value as a manager says it."""
    if setting.unit == "word":
        return CHOICES[setting.name][value]
    if setting.unit == "flag":
        return "có" if value else "không"
    if setting.unit == "targets":
        return f"{in_text(value)} phút"
    if setting.unit == "s":
        return f"{value // 60} phút" if in_minutes(value, default) else f"{value} giây"
    return f"{value} {setting.unit}"


def rows(policy: Mapping[str, Any], settings: tuple[Setting, ...]) -> Iterator[dict[str, Any]]:
    """The settings of a section as the page draws them."""
    defaults = asdict(Policy())
    for one in settings:
        value, default = policy.get(one.name, defaults[one.name]), defaults[one.name]
        minutes = one.unit == "s" and in_minutes(value, default)
        yield {
            "pointer": f"/policy/{one.name}", "title": one.title, "effect": one.effect, "kind": "minutes" if minutes else one.unit,
            "unit": UNITS.get(one.unit, one.unit) if not minutes else "phút",
            "value": in_text(value) if one.unit == "targets" else value // 60 if minutes else value,
            "default": with_unit(one, default, default), "says": one.effect.replace("{v}", with_unit(one, value, default)),
            "choices": [(word, CHOICES[one.name][word]) for word in WORDS[one.name]] if one.unit == "word" else (),
        }  # fmt: skip
