"""Each adapter against a mock of its style, configured by a file as on a site: records, days, look-up, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from queue_server.dossier.adapters import Adapter, NotOffered, Refusal, Wait
from queue_server.dossier.adapters.config import BadPartner, load
from queue_server.dossier.adapters.mapping import Shown, day_of
from queue_server.dossier.conformance import record
from queue_server.dossier.day import content
from queue_server.dossier.mock_styles import DAYS_SERVICE, IGATE_STATES, RECORDS_SERVICE, TOKEN_PATH
from queue_server.dossier.payload import Names

CODE, TODAY = "000.00.53.H48-220921-0001", "2026-11-23"
Make = Callable[..., Adapter]
STATES = ", ".join(f'"{theirs}" = {ours}' for theirs, ours in IGATE_STATES.items())


def text(like: str, origin: str, **more: str) -> str:
    """The file of a site. `more` adds lines to a table."""
    token = f"{origin}{TOKEN_PATH if like == 'igate' else '/oauth/token'}"
    login = {
        "rest": f'token_url = "{token}"\nclient_id = "toiluot-demo"\nsecret_file = "secret"',
        "igate": f'token_url = "{token}"\nclient_id = "toiluot-demo"\nsecret_file = "secret"\ngrant = "password"\n'
        'username = "hang-doi"\npassword_file = "secret"\nmethod = "client_secret_post"',
        "portal": 'username = "toiluot-demo"\npassword_file = "secret"\nunit = "H48.53"\nexpired = ["401"]\nagain = ["503"]',
    }[like]
    usual = {
        "rest": {"records": "", "days": "", "look_up": ""},
        "igate": {
            "records": 'path = "/queue-records/batch"',
            "days": 'path = "/queue-days/{site}/{day}"',
            "look_up": f"states = {{{STATES}}}",
        },
        "portal": {"records": f'service = "{RECORDS_SERVICE}"', "days": f'service = "{DAYS_SERVICE}"', "look_up": 'unknown = ["404"]'},
    }[like]
    tables = {name: f"{lines}\n{more.get(name, '')}" for name, lines in usual.items()}
    head = f'kind = "{like}"\nname = "Mô phỏng"\nbase = "{origin}/api"\nprivate = true\n[login]\n{login}\n'
    return head + "".join(f"[{name}]\n{lines}\n" for name, lines in tables.items())


@pytest.fixture
def make(tmp_path: Path) -> Any:
    made: list[Adapter] = []

    def adapter(like: str, origin: str, **more: str) -> Adapter:
        (tmp_path / "secret").write_text("khong-phai-bi-mat\n")
        (tmp_path / "partner.toml").write_text(text(like, origin, **more))
        made.append(load(tmp_path / "partner.toml")[0])
        return made[-1]

    yield adapter
    for each in made:
        each.close()


def figures(server: Any) -> dict[str, Any]:
    return {**content("S", server.day(TODAY), Names()), "PhienBan": 1, "KyNhatKy": 1, "ThuTuNhatKy": 1}


@pytest.mark.parametrize("like", ["rest", "igate", "portal"])
def test_records_days_and_look_up_in_every_style(make: Make, played: Any, server: Any, like: str) -> None:
    partner = played(like)
    adapter = make(like, partner.origin)
    good, bad = record("S", "t1"), {**record("S", "t2"), "KetQuaLuot": "khong-co"}
    assert [result.status for result in adapter.deliver([good, bad])] == ["accepted", "refused"]
    assert [result.status for result in adapter.deliver([good])] == ["stale"]
    assert [row["MaBanGhi"] for row in partner.store.accepted()] == ["S:t1:1"]
    assert partner.store.accepted()[0]["ThoiDiemGoi"] == good["ThoiDiemGoi"]
    adapter.day("S", TODAY, figures(server))
    assert len(partner.store.days()[f"S/{TODAY}"]) == 1
    found = adapter.look_up(CODE)
    assert found is not None
    assert found.as_json().keys() <= {"code", "state", "state_name", "procedure", "due", "collect_at"}
    assert (found.code, 1 <= found.state <= 10) == (CODE, True)
    assert adapter.look_up("khong-co-that") is None
    if like != "rest":
        assert (found.procedure, found.due) == ("1.001612", "2026-12-01")
    if like == "igate":
        assert found.collect_at == "Quầy trả kết quả 1"


@pytest.mark.parametrize("like", ["rest", "igate", "portal"])
def test_an_ended_login_is_renewed_once_and_trouble_is_waited_for(make: Make, played: Any, like: str) -> None:
    partner = played(like)
    adapter = make(like, partner.origin)
    adapter.deliver([record("S", "t1")])
    partner.faults.expire_tokens = 1
    assert adapter.deliver([record("S", "t2")])[0].status == "accepted"
    partner.faults.status = 503
    with pytest.raises(Wait):
        adapter.deliver([record("S", "t3")])
    partner.faults.status = 422
    with pytest.raises(Refusal) as refusal:
        adapter.deliver([record("S", "t3")])
    assert refusal.value.detail == "lỗi được bật trên trang mô phỏng"


@pytest.mark.parametrize("like", ["rest", "igate"])
def test_a_secret_that_is_not_taken_is_waited_for_and_never_shown(make: Make, played: Any, like: str) -> None:
    partner = played(like)
    partner.mock.client_secret = "another"
    with pytest.raises(Wait) as wait:
        make(like, partner.origin).look_up(CODE)
    assert "khong-phai-bi-mat" not in str(wait.value)


def test_names_enums_and_what_is_left_out(make: Make, played: Any) -> None:
    partner = played()
    partner.faults.take_anything = True
    lines = (
        'fields = { MaDiemTiepNhan = "MaBoPhan", MucDoHaiLong = "" }\ndate = "yyyyMMddHHmmss"\n[records.enums.KenhThucHien]\ntruc_tiep = 1'
    )
    adapter = make("rest", partner.origin, records=lines)
    names = adapter._words.record  # type: ignore[attr-defined]
    said = names.said(record("S", "t1"))
    assert (said["MaBoPhan"], said["KenhThucHien"], said["ThoiDiemGoi"], said["NgayLamViec"]) == ("S", 1, "20200102080100", "20200102")
    assert "MucDoHaiLong" not in said
    online = {**record("S", "t2"), "KenhThucHien": "truc_tuyen"}
    results = adapter.deliver([record("S", "t1"), online])
    assert [(result.status, result.code) for result in results] == [("accepted", ""), ("refused", "no_mapping")]
    assert results[1].detail == "KenhThucHien: no value for truc_tuyen in the configuration"


def test_a_state_without_a_meaning_is_told_as_such() -> None:
    with pytest.raises(Refusal, match="state 17 has no meaning"):
        Shown().dossier({"MaHoSo": CODE, "TrangThaiHoSo": 17}, CODE)
    assert Shown().dossier({"MaHoSo": f"{CODE}1", "TrangThaiHoSo": 1}, CODE) is None  # another dossier's state is nobody's answer


def test_a_style_without_a_call_for_records_says_so(tmp_path: Path, played: Any) -> None:
    partner = played("portal")
    (tmp_path / "secret").write_text("khong-phai-bi-mat")
    words = text("portal", partner.origin).replace(f'service = "{RECORDS_SERVICE}"', "").replace(f'service = "{DAYS_SERVICE}"', "")
    (tmp_path / "p.toml").write_text(words)
    adapter, takes_records = load(tmp_path / "p.toml")
    assert not takes_records
    with pytest.raises(NotOffered):
        adapter.deliver([record("S", "t1")])
    with pytest.raises(NotOffered):
        adapter.day("S", TODAY, {"PhienBan": 1})
    adapter.close()


@pytest.mark.parametrize(
    ("like", "old", "new", "says"),
    [
        ("rest", 'kind = "rest"', 'kind = "soap"', "kind"),
        ("rest", "private = true", "private = false", "https is needed"),
        ("rest", 'base = "http://', 'base = "ftp://', "base"),
        ("rest", 'base = "http://', 'base = "http://user:pass@', "password"),
        ("rest", 'client_id = "toiluot-demo"', "", "login.client_id"),
        ("rest", 'secret_file = "secret"', 'secret_file = "gone"', "cannot be read"),
        ("rest", "[records]", '[records]\nfields = { MaKhac = "x" }', "records.fields.MaKhac"),
        ("rest", "[records]", '[records]\ndate = "ISO"', "records.date"),
        ("rest", "[look_up]", '[look_up]\nstates = { "1" = 11 }', "look_up.states.1"),
        ("rest", "[look_up]", '[look_up]\ncolour = "red"', "look_up.colour"),
        ("igate", f"states = {{{STATES}}}", "", "not published"),
        ("igate", 'grant = "password"', 'grant = "device"', "login.grant"),
        ("portal", 'password_file = "secret"', "", "login.password_file"),
        ("portal", "[days]", "[days", "partner.toml"),
    ],
)
def test_a_file_that_describes_nobody_is_refused_with_its_place(tmp_path: Path, like: str, old: str, new: str, says: str) -> None:
    (tmp_path / "secret").write_text("s")
    words = text(like, "http://127.0.0.1:9")
    assert old in words
    (tmp_path / "partner.toml").write_text(words.replace(old, new, 1))
    with pytest.raises(BadPartner, match=says):
        load(tmp_path / "partner.toml")


@pytest.mark.parametrize("inside", ["https://127.0.0.1:9", "https://10.1.2.3", "https://169.254.169.254", "https://[::ffff:127.0.0.1]:9"])
def test_an_address_inside_is_not_asked_unless_it_was_allowed(make: Make, inside: str) -> None:
    adapter = make("rest", inside)
    (wire,) = (adapter._wire,)  # type: ignore[attr-defined]
    wire._private = False
    with pytest.raises(Wait, match="may not be reached"):
        adapter.look_up(CODE)


@pytest.mark.parametrize(
    ("theirs", "day"),
    [
        ("20261201170000", "2026-12-01"), ("2026-12-01T17:00:00.000+0700", "2026-12-01"), ("01/12/2026", "2026-12-01"), ("", None),
        ("2026-11-30T18:00:00Z", "2026-12-01"), (1796115600000, "2026-12-01"), ("soon", None), (None, None), (True, None), ([], None),
    ],
)  # fmt: skip
def test_a_day_is_read_in_any_of_their_forms(theirs: Any, day: str | None) -> None:
    assert day_of(theirs) == day
