"""How the look-up of dossiers stands, in the technician's words. Pure."""

from __future__ import annotations

from queue_server.web.breaker import Standing

WHY = {
    "timeout": "trả lời chậm quá hai giây", "unreachable": "không kết nối được", "status_401": "khoá tra cứu không đúng",
    "status_503": "hệ thống hồ sơ không trả lời", "stopping": "máy chủ đang dừng",
}  # fmt: skip


def words(standing: Standing | None) -> tuple[str, str, str] | None:
    """Tone, word and remedy; nothing where no dossier system is set up."""
    if standing is None:
        return None
    if standing.state == "closed":
        return "good", "Tra hồ sơ: hệ thống hồ sơ đang trả lời", ""
    again = "đang thử lại" if standing.again_s == 0 else f"thử lại sau {max(1, round(standing.again_s))} giây"
    why = WHY.get(standing.why, "trả lời không đọc được")
    remedy = f"Lý do: {why}; {again}. Lấy số vẫn bình thường. Xem chương trình hồ sơ (toiluot dossier run)."
    return "warn", "Tra hồ sơ: hệ thống hồ sơ không trả lời", remedy
