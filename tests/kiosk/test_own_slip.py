"""One's own slip and one's own appointment at the kiosk: asked once more before anything is given up, and the server does it once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk import screens
from kiosk.events import (
    ActOnSlip,
    AppointmentRead,
    CheckIn,
    Consider,
    GoHome,
    Issued,
    OwnSlip,
    Paper,
    Printer,
    Refused,
    Session,
    SlipFound,
    State,
)
from kiosk.i18n import translator
from kiosk.session import step
from kiosk.values import Found, Settings, Ticket, home_from
from queue_server.contract import messages_booking, strict
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import NOW, home, until

S = Settings()
TOKEN, CODE, OTHER = "k7Qm2xV9bT4wZ1nR8sY5cA", "pZ3vW8yN6qL1tR5uE9sX2g", "aZ3vW8yN6qL1tR5uE9sX2h"
OWN = Found("A105", "waiting", {"vi": "Hộ tịch"}, token=TOKEN, offers=("let_pass", "cancel"))
TICKET = Ticket("t1", "A105", "ho-tich")


def at(state: State, **more: object) -> Session:
    return replace(Session(state=state, link=True, found=OWN if state is State.FOUND else None), **more)  # type: ignore[arg-type]


def drawn(session: Session, lang: str = "vi") -> dict[str, object]:
    return screens.view(session, home_from(home()), "v-1", NOW, translator(lang), {})


# ---------------------------------------------------------------- the table
def test_nothing_is_given_up_without_a_question_and_a_second_touch() -> None:
    session, effects = step(at(State.FOUND), OwnSlip("cancel"), 10, S)
    assert (session, effects) == (at(State.FOUND), ())
    session, _ = step(at(State.FOUND), Consider("cancel"), 10, S)
    assert drawn(session)["title"] == "Huỷ số A105?"
    assert step(session, OwnSlip("let_pass", 3), 20, S) == (session, ())  # another question than the one on the screen
    sent, effects = step(session, OwnSlip("cancel"), 20, S)
    assert effects == (ActOnSlip(1, TOKEN, "cancel", 1),)
    assert step(sent, OwnSlip("cancel"), 30, S) == (sent, ())
    assert [button["id"] for button in drawn(sent)["actions"]] == ["done"]  # type: ignore[attr-defined]
    done, _ = step(sent, SlipFound(1, replace(OWN, state="cancelled", offers=())), 40, S)
    assert (done.state, done.considering) == (State.FOUND, "")


def test_one_may_change_ones_mind() -> None:
    session, _ = step(at(State.FOUND), Consider("let_pass"), 10, S)
    assert len(drawn(session)["choices"]) == 6  # type: ignore[arg-type]
    back, _ = step(session, Consider(""), 20, S)
    assert (back.considering, back.found) == ("", OWN)
    assert step(session, GoHome(), 30, S)[0].state is State.HOME


def test_only_what_the_server_offers_is_asked() -> None:
    called = at(State.FOUND, found=replace(OWN, state="called", offers=()))
    assert step(called, Consider("let_pass"), 10, S) == (called, ())
    assert [button["id"] for button in drawn(called)["actions"]] == ["done"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", [State.HOME, State.CHOOSING, State.ERROR, State.FOUND, State.ASKING])
def test_the_code_of_an_appointment_asks_for_its_ticket(state: State) -> None:
    session, effects = step(at(state), AppointmentRead(CODE), 10, S)
    assert session.state is State.ISSUING
    assert effects == (CheckIn(session.visit_no, CODE, "vi"),)
    shown, _ = step(session, Issued(session.visit_no, TICKET), 20, S)
    assert (shown.state, shown.paper) == (State.NUMBER, Paper.PRINTING)
    assert step(shown, AppointmentRead(CODE), 30, S) == (shown, ())  # the same code held a little longer
    printed = replace(shown, paper=Paper.PRINTED)
    assert step(printed, AppointmentRead(CODE), 40, S) == (printed, ())
    again, effects = step(step(printed, GoHome(), 50, S)[0], AppointmentRead(CODE), 60, S)
    assert (again.repeat, again.ticket, effects) == (True, TICKET, ())


def test_where_no_number_can_be_had_for_a_code_it_is_said() -> None:
    assert step(at(State.HOME, alone=True), AppointmentRead(CODE), 10, S)[0].problem == "appointment_later"
    refuse = replace(S, no_paper="refuse")
    assert step(at(State.HOME, printer=Printer.OUT), AppointmentRead(CODE), 10, refuse)[0].problem == "no_paper"


def test_who_is_early_is_told_from_when_and_on_which_day() -> None:
    waiting, _ = step(at(State.HOME), AppointmentRead(CODE), 10, S)
    early, _ = step(waiting, Refused(1, "appointment_early", f"{NOW[:10]}T13:30:00+07:00"), 20, S)
    assert (drawn(early)["title"], drawn(early)["hint"]) == ("Bạn đến sớm hơn giờ hẹn.", "Xin quét mã từ 13:30.")
    later, _ = step(waiting, Refused(1, "appointment_early", "2026-12-24T08:00:00+07:00"), 20, S)
    assert "24/12" in str(drawn(later)["hint"])
    assert step(later, GoHome(), 30, S)[0].from_time == ""


@pytest.mark.parametrize("code", ["appointment_ended", "appointment_unknown", "appointment_later", "nobody_behind", "slip_changed"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_problem_has_words_and_a_way_on(code: str, lang: str) -> None:
    seen = drawn(at(State.ERROR, problem=code, lang=lang), lang)
    assert "could not take" not in str(seen["title"])
    assert "chưa lấy được" not in str(seen["title"])
    assert seen["hint"]
    assert seen["actions"]


# ---------------------------------------------------------------- the whole line
def test_an_appointment_on_the_reader_becomes_a_slip(kiosk: KioskProcess) -> None:
    kiosk.server.appointments[CODE] = "ho-tich"
    kiosk.drivers.tell("card", {"kind": "appointment", "code": CODE})
    assert kiosk.on("number", paper="printed")["ticket"]["label"] == "A105"
    body = kiosk.server.bodies[0]
    told = {name: value for name, value in body.items() if name != "service"}
    assert strict.read(messages_booking.CheckIn, told).device == "kiosk-01"
    assert kiosk.drivers.paper[0]["job_id"] == body["ticket_id"]
    assert CODE not in kiosk.log()
    kiosk.home()


def test_an_unknown_code_and_an_early_one_are_told(kiosk: KioskProcess) -> None:
    kiosk.drivers.tell("card", {"kind": "appointment", "code": OTHER})
    assert kiosk.on("error")["title"] == "Mã hẹn này không phải của nơi đây."
    kiosk.server.appointments[OTHER] = "ho-tich"
    kiosk.server.refuse = (409, {"code": "appointment_early", "opens_at": "2026-11-21T13:30:00+07:00"})
    kiosk.drivers.tell("card", {"kind": "appointment", "code": OTHER})
    until(lambda: kiosk.state()["title"] == "Bạn đến sớm hơn giờ hẹn.")
    assert "13:30" in kiosk.state()["hint"]
    assert kiosk.drivers.paper == []
    kiosk.server.refuse = None
    kiosk.home()


def test_others_pass_and_a_number_is_given_up_by_ones_own_slip(kiosk: KioskProcess) -> None:
    kiosk.server.slips[TOKEN] = {"label": "A042", "state": "waiting", "ahead": 4, "may_let_pass": True, "may_cancel": True}
    kiosk.drivers.tell("card", {"kind": "slip", "token": TOKEN})
    kiosk.on("number")
    kiosk.act("consider", what="let_pass")
    kiosk.on("priority")
    kiosk.act("own-slip", what="let_pass", count=2)
    until(lambda: [line["text"] for line in kiosk.on("number")["lines"]] == ["Trước bạn: 6 người"], 20)
    kiosk.act("consider", what="cancel")
    kiosk.on("error")
    kiosk.act("own-slip", what="cancel")
    until(lambda: kiosk.on("number")["paper"]["text"] == "Số này đã xong.", 20)
    assert [(token, act, body.get("count")) for token, act, body in kiosk.server.asked] == [(TOKEN, "let-pass", 2), (TOKEN, "cancel", None)]
    strict.read(messages_booking.LetPass, kiosk.server.asked[0][2])
    assert TOKEN not in kiosk.log()
    kiosk.home()
