"""The one error table: code to status and words, in Vietnamese and English.

Holds every refusal a caller may meet and how it is worded. Why a command is refused is decided elsewhere; how the
answer is sent stands in `refusing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from queue_server.contract.problem import ProblemBody


@dataclass(frozen=True)
class Entry:
    """One code: its HTTP status and, per language, what is wrong and what to do."""

    status: int
    vi: tuple[str, str]
    en: tuple[str, str]
    retry_after_s: int | None = None


ERRORS: dict[str, Entry] = {
    "malformed": Entry(
        400,
        ("Yêu cầu không đọc được", "Hãy gửi một đối tượng JSON bằng UTF-8."),
        ("The request cannot be read", "Send one JSON object in UTF-8."),
    ),
    "site_required": Entry(
        400,
        ("Chưa chọn điểm tiếp nhận", "Tài khoản có nhiều điểm tiếp nhận: hãy thêm ?site=MÃ."),
        ("No site chosen", "This credential has several sites: add ?site=CODE."),
    ),
    "unauthenticated": Entry(
        401,
        ("Chưa đăng nhập", "Hãy đăng nhập lại, hoặc gửi khoá API còn hiệu lực."),
        ("Not signed in", "Sign in again, or send a valid API key."),
    ),
    "bad_login": Entry(
        401,
        ("Không đăng nhập được", "Tên đăng nhập hoặc mật khẩu chưa đúng. Hãy thử lại."),
        ("Sign-in failed", "The user name or the password is wrong. Please try again."),
    ),
    "forbidden": Entry(
        403,
        ("Không có quyền", "Vai trò của bạn không được làm việc này. Hãy hỏi người quản lý."),
        ("Not allowed", "Your role may not do this. Ask your manager."),
    ),
    "signature_invalid": Entry(
        401,
        ("Chữ ký của thiết bị không đúng", "Hãy kiểm tra giờ, địa chỉ máy chủ và khoá của thiết bị, hoặc ghi danh lại."),
        ("The device's signature is wrong", "Check the server's address and the device's key, or enrol it again."),
    ),
    "replayed": Entry(
        401,
        ("Yêu cầu này đã được gửi rồi", "Thiết bị hãy gửi lại với số đếm lớn hơn số máy chủ nêu."),
        ("This request was sent before", "Sign it again with a counter above the one named here."),
    ),
    "wrong_code": Entry(
        403,
        ("Mã không đúng", "Hãy đọc lại mã trên màn hình của chính thiết bị này."),
        ("The code is wrong", "Read the code again from the screen of this very device."),
    ),
    "enrolment_refused": Entry(
        403,
        ("Thiết bị không được chấp nhận", "Hãy hỏi kỹ thuật viên của trung tâm."),
        ("The device was turned away", "Ask the centre's technician."),
    ),
    "device_suspended": Entry(
        403,
        ("Thiết bị đang tạm ngừng", "Kỹ thuật viên có thể cho hoạt động lại ở trang Thiết bị."),
        ("The device is suspended", "A technician may resume it on the page of devices."),
    ),
    "device_revoked": Entry(
        403,
        ("Thiết bị đã bị thu hồi", "Hãy xoá thẻ nhớ và ghi danh lại với khoá mới."),
        ("The device was revoked", "Wipe its card and enrol it again with a new key."),
    ),
    "csrf_failed": Entry(
        403,
        ("Trang đã cũ", "Hãy tải lại trang rồi làm lại."),
        ("The page is out of date", "Reload the page and try again."),
    ),
    "not_found": Entry(
        404,
        ("Không tìm thấy", "Hãy kiểm tra lại địa chỉ hoặc mã số."),
        ("Not found", "Check the address or the code."),
    ),
    "method_not_allowed": Entry(
        405,
        ("Cách gọi không đúng", "Địa chỉ này không nhận phương thức vừa dùng."),
        ("Method not allowed", "This address does not take that method."),
    ),
    "too_slow": Entry(
        408,
        ("Gửi quá chậm", "Hãy thử lại với đường truyền khác."),
        ("The request came too slowly", "Try again over another line."),
    ),
    "too_large": Entry(
        413,
        ("Yêu cầu quá lớn", "Một yêu cầu không quá 64 KiB."),
        ("Request too large", "A request has at most 64 KiB."),
    ),
    "unsupported_type": Entry(
        415,
        ("Kiểu nội dung không đúng", "Hãy gửi với Content-Type: application/json."),
        ("Unsupported content type", "Send it with Content-Type: application/json."),
    ),
    "invalid": Entry(
        422,
        ("Nội dung chưa đúng", "Hãy sửa các mục nêu trong danh sách lỗi rồi gửi lại."),
        ("Some fields are wrong", "Correct the fields listed under errors and send again."),
    ),
    "request_id_reused": Entry(
        422,
        ("Mã yêu cầu đã dùng", "Mã này đã dùng cho một việc khác: hãy tạo mã mới."),
        ("Request id already used", "This id belongs to another command: make a new one."),
    ),
    "service_closed": Entry(
        409,
        ("Dịch vụ đang ngừng nhận số", "Hãy chọn dịch vụ khác hoặc hỏi cán bộ hướng dẫn."),
        ("The service is closed", "Choose another service or ask the attendant."),
    ),
    "outside_hours": Entry(
        409,
        ("Ngoài giờ nhận số", "Hãy quay lại trong giờ làm việc ghi trên bảng."),
        ("Outside opening hours", "Please come back during the hours on the notice."),
    ),
    "quota_full": Entry(
        409,
        ("Đã hết số hôm nay", "Hãy hỏi cán bộ hướng dẫn về lịch hẹn hoặc nộp trực tuyến."),
        ("No numbers left today", "Ask the attendant about an appointment or filing online."),
    ),
    "capacity_full": Entry(
        409,
        ("Hôm nay không phục vụ kịp thêm", "Những người đang chờ đã kín giờ còn lại. Xin đến vào giờ mở cửa tiếp theo."),
        ("No more people can be served today", "Those who wait already fill the time left. Please come at the next opening."),
    ),
    "config_changed": Entry(
        409,
        ("Cài đặt đã được người khác thay đổi", "Hãy tải lại trang để xem cài đặt mới, rồi sửa lại."),
        ("Somebody else has changed the settings", "Load them again, then make the change once more."),
    ),
    "holder_limit": Entry(
        409,
        ("Đã lấy đủ số trong ngày", "Hãy hỏi cán bộ hướng dẫn nếu cần thêm số."),
        ("Enough numbers taken today", "Ask the attendant if you need one more."),
    ),
    "already_waiting": Entry(
        409,
        ("Bạn đã có số đang chờ", "Hãy dùng số đã lấy; số ấy vẫn giữ nguyên chỗ."),
        ("You already hold a number", "Use the number you have; its place is kept."),
    ),
    "illegal_transition": Entry(
        409,
        ("Không làm được lúc này", "Lượt này đã sang trạng thái khác. Hãy xem lại màn hình."),
        ("Not possible now", "This visit is in another state. Look at the screen again."),
    ),
    "counter_taken": Entry(
        409,
        ("Quầy đang có người", "Hãy chọn quầy khác, hoặc xác nhận nhận thay quầy này."),
        ("The counter is taken", "Choose another counter, or confirm taking it over."),
    ),
    "counter_closed": Entry(
        409,
        ("Quầy chưa mở", "Hãy mở quầy rồi gọi lại."),
        ("The counter is closed", "Open the counter first."),
    ),
    "counter_inactive": Entry(
        409,
        ("Bạn đang làm ở quầy khác", "Hãy bấm chuyển về quầy này rồi làm lại."),
        ("You are working at another counter", "Make this counter the active one, then try again."),
    ),
    "dossier_limit": Entry(
        409,
        ("Đã đủ số hồ sơ một lượt", "Hãy kết thúc và cho chờ tiếp bằng chính phiếu này với số hồ sơ còn lại."),
        ("Enough dossiers for one turn", "Finish with the number of dossiers left: the person waits again with the same slip."),
    ),
    "dossier_off": Entry(
        404,
        ("Điểm này không tra hồ sơ", "Hãy tra trên Cổng Dịch vụ công, hoặc hỏi bàn hướng dẫn."),
        ("No dossiers are looked up here", "Use the public service portal, or ask at the help desk."),
    ),
    "dossier_unknown": Entry(
        404,
        ("Không thấy hồ sơ này", "Hãy xem lại mã trên giấy tiếp nhận hồ sơ."),
        ("This dossier was not found", "Check the code on the receipt."),
    ),
    "dossier_silent": Entry(
        503,
        ("Chưa tra được hồ sơ", "Hệ thống hồ sơ chưa trả lời. Vẫn lấy số và gọi số bình thường."),
        ("The dossier could not be looked up", "The dossier system does not answer. Numbers are given as usual."),
        10,
    ),
    "undo_too_late": Entry(
        409,
        ("Quá hạn hoàn tác", "Việc này không hoàn tác được nữa. Hãy dùng lệnh khác để sửa."),
        ("Too late to undo", "This can no longer be undone. Use another command to correct it."),
    ),
    "undo_overtaken": Entry(
        409,
        ("Không hoàn tác được", "Đã có thay đổi sau việc này. Hãy dùng lệnh khác để sửa."),
        ("Cannot be undone", "Something happened since. Use another command to correct it."),
    ),
    "readmit_too_late": Entry(
        409,
        ("Đã quá hạn gọi lại", "Hãy lấy số mới cho người này."),
        ("Too late to readmit", "Issue a new number for this person."),
    ),
    "slot_full": Entry(
        409,
        ("Giờ này đã kín chỗ", "Hãy chọn giờ khác."),
        ("This time is full", "Choose another time."),
    ),
    "slot_gone": Entry(
        409,
        ("Giờ này đã qua", "Hãy chọn giờ khác."),
        ("This time is over", "Choose another time."),
    ),
    "already_booked": Entry(
        409,
        ("Liên hệ này đã có một lịch hẹn", "Mỗi liên hệ giữ một lịch hẹn. Hãy dùng hoặc huỷ lịch đã đặt trước."),
        ("This contact has an appointment already", "One appointment per contact: use or cancel the first one."),
    ),
    "contact_required": Entry(
        409,
        ("Cần một số liên hệ", "Trung tâm này giữ mỗi liên hệ một lịch hẹn. Hãy điền số điện thoại hoặc email."),
        ("A contact is needed", "This centre keeps one appointment per contact. Enter a telephone number or an e-mail address."),
    ),
    "appointment_early": Entry(
        409,
        ("Chưa đến giờ hẹn", "Hãy quay lại từ giờ nhận số ghi trên lịch hẹn."),
        ("Too early for the appointment", "Come back from the check-in time of your appointment."),
    ),
    "appointment_ended": Entry(
        409,
        ("Lịch hẹn không còn hiệu lực", "Lịch hẹn đã huỷ hoặc đã qua ngày. Hãy lấy số mới."),
        ("The appointment is over", "It was cancelled or its day has passed. Please take a number."),
    ),
    "nobody_behind": Entry(
        409,
        ("Chưa có ai phía sau", "Sau số của bạn chưa có ai để nhường. Chỗ của bạn vẫn giữ nguyên."),
        ("Nobody is behind you", "There is nobody to let pass. Your place is kept."),
    ),
    "rating_over": Entry(
        409,
        ("Đã hết thời gian đánh giá", "Bạn vẫn có thể đánh giá bằng mã QR trên phiếu."),
        ("The time for rating is over", "You can still rate by the QR code on the slip."),
    ),
    "rating_given": Entry(
        409,
        ("Lượt này đã được đánh giá", "Cảm ơn bạn đã góp ý."),
        ("This visit was rated already", "Thank you for your feedback."),
    ),
    "epoch_changed": Entry(
        409,
        ("Nhật ký đã sang kỳ mới", "Hãy đọc lại từ vị trí continues_after."),
        ("The log began a new epoch", "Go on reading from continues_after."),
    ),
    "conflict": Entry(
        409,
        ("Không làm được lúc này", "Hãy xem lại tình trạng hiện tại rồi thử lại."),
        ("Not possible now", "Look at the present state and try again."),
    ),
    "rate_limited": Entry(
        429,
        ("Quá nhiều yêu cầu", "Hãy đợi một lát rồi thử lại."),
        ("Too many requests", "Wait a little and try again."),
        60,
    ),
    "slow_down": Entry(
        429,
        ("Hỏi quá nhanh", "Thiết bị hãy hỏi lại mỗi 5 giây."),
        ("Asked too soon", "Ask again every five seconds."),
        5,
    ),
    "account_resting": Entry(
        429,
        ("Tài khoản tạm nghỉ", "Đã nhập sai nhiều lần. Hãy đợi ít phút rồi thử lại."),
        ("The account is resting", "Too many wrong passwords. Wait a few minutes and try again."),
        300,
    ),
    "sso_failed": Entry(
        401,
        ("Đăng nhập qua cơ quan không thành", "Hãy thử lại, hoặc dùng mật khẩu bên dưới."),
        ("Single sign-on failed", "Try again, or use the password below."),
    ),
    "sso_no_account": Entry(
        403,
        ("Tài khoản này chưa được dùng ở đây", "Hãy nhờ người quản trị của trung tâm lập tài khoản."),
        ("No account here", "Ask this centre's administrator for an account."),
    ),
    "sso_unreachable": Entry(
        503,
        ("Máy chủ đăng nhập của cơ quan không trả lời", "Hãy dùng mật khẩu bên dưới, hoặc thử lại sau."),
        ("The organisation's log-in does not answer", "Use the password below, or try again later."),
        10,
    ),
    "internal": Entry(
        500,
        ("Máy chủ gặp lỗi", "Hãy thử lại. Nếu vẫn lỗi, báo kỹ thuật viên kèm mã yêu cầu."),
        ("The server had an error", "Try again. If it goes on, tell the technician the request id."),
    ),
    "too_many_streams": Entry(
        503,
        ("Quá nhiều kết nối", "Máy sẽ tự nối lại sau ít giây."),
        ("Too many streams", "The device connects again in a few seconds."),
        5,
    ),
    "busy": Entry(
        503,
        ("Máy chủ đang bận", "Hãy thử lại sau ít giây với cùng mã yêu cầu."),
        ("The server is busy", "Try again in a few seconds with the same request id."),
        2,
    ),
    "damaged": Entry(
        503,
        ("Dữ liệu trên máy chủ bị hỏng", "Hãy báo kỹ thuật viên khôi phục từ bản sao lưu. Sau đó gửi lại với cùng mã yêu cầu."),
        ("Data on the server is damaged", "Tell the technician to restore a backup. Then send again with the same request id."),
        60,
    ),
    "standby": Entry(
        503,
        ("Đây là máy dự phòng", "Máy chủ chính đang làm việc: thiết bị sẽ tự chuyển sang máy chủ chính."),
        ("This is the standby", "The main server is at work: devices go there by themselves."),
        2,
    ),
    "fenced": Entry(
        503,
        ("Máy chủ này đã được thay thế", "Một máy khác đã nhận việc: thiết bị sẽ tự chuyển sang máy đó."),
        ("This server was replaced", "Another one has taken over: devices go there by themselves."),
        2,
    ),
    "stopping": Entry(
        503,
        ("Máy chủ đang khởi động lại", "Máy sẽ tự nối lại sau ít giây."),
        ("The server is restarting", "The device connects again in a few seconds."),
        5,
    ),
}
FROM_STATUS = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    414: "too_large",
    415: "unsupported_type",
    429: "rate_limited",
    503: "busy",
}


def status_of(code: str) -> int:
    return ERRORS.get(code, ERRORS["conflict"]).status


def problem(code: str, lang: str, request_id: str, more: dict[str, Any] | None = None) -> ProblemBody:
    """The problem for a code. A code the table does not know is a conflict in words, under its own name."""
    entry = ERRORS.get(code, ERRORS["conflict"])
    title, detail = entry.en if lang == "en" else entry.vi
    return ProblemBody(entry.status, code, title, detail, request_id, more or {})


def language(accept: str) -> str:
    """`vi` unless the reader's `Accept-Language` puts English first."""
    best, weight = "vi", 0.0
    for part in accept.lower()[:200].split(","):
        tag, _, q = part.strip().partition(";q=")
        name = tag.split("-")[0]
        try:
            value = float(q) if q else 1.0
        except ValueError:
            continue
        if name in ("vi", "en") and value > weight:
            best, weight = name, value
    return best
