"""THE table of pages: every address a person may open, with the permission it needs.

The forms behind log-in, log-out, cancelling and rating are calls of `web.routes` and `web.people`; here are only views.
"""

from __future__ import annotations

from flask import Flask, make_response, redirect, render_template

from queue_server.web.auth import Gate
from queue_server.web.house import House
from queue_server.web.pages import (
    accounts,
    alerts,
    assets,
    attendant,
    booking,
    certificate,
    citizen,
    clerk,
    device,
    device_settings,
    manager,
    manager_feed,
    manager_parts,
    manager_range,
    open_places,
    outages,
    people,
    policy,
    rating,
    report,
    technician,
    unusual,
    visit,
)
from queue_server.web.pages.visit import Answer, Page, person

CALL, MANAGE, FLEET, ISSUE = ("call",), ("manage",), ("fleet",), ("issue",)


def log_in(house: House, gate: Gate) -> Answer:
    """The log-in page; whoever is logged in already goes on to his work."""
    if person(gate) is not None:
        return redirect("/", code=303)
    answer = make_response(render_template("login.html"))
    answer.headers["Cache-Control"] = "no-store"
    return answer


PAGES = (
    Page(name="start", path="/", needs=("*",), view=people.start),
    Page(name="login", path="/login", needs=(), view=log_in),
    Page(name="counters", path="/counter", needs=CALL, view=clerk.choose, name_vi="Quầy"),
    Page(name="counter", path="/counter/{counter}", needs=CALL, view=clerk.console),
    Page(name="counter-dialogs", path="/counter/{counter}/dialogs", needs=CALL, view=clerk.dialogs),
    Page(name="counter-waiting", path="/counter/{counter}/waiting", needs=CALL, view=clerk.waiting),
    Page(name="outage-panel", path="/outages/panel", needs=("issue", "call", "manage"), view=outages.panel),
    Page(name="attendant", path="/attendant", needs=ISSUE, view=attendant.page, name_vi="Bàn hướng dẫn"),
    Page(name="attendant-live", path="/attendant/live", needs=ISSUE, view=attendant.live),
    Page(name="attendant-find", path="/attendant/find", needs=ISSUE, view=attendant.find),
    Page(name="attendant-ticket", path="/attendant/ticket/{ticket}", needs=ISSUE, view=attendant.ticket),
    Page(name="paper", path="/attendant/paper", needs=ISSUE, view=attendant.paper),
    Page(name="manager", path="/manager", needs=MANAGE, view=manager.page, name_vi="Điều hành"),
    Page(name="policy", path="/manager/policy", needs=MANAGE, view=policy.page),
    Page(name="manager-live", path="/manager/live", needs=MANAGE, view=manager.live),
    *(Page(name=f"manager-{part.name}", path=f"/manager/{part.name}", needs=MANAGE, view=part.answer) for part in manager_parts.PARTS),
    Page(name="manager-range", path="/manager/range", needs=MANAGE, view=manager_range.page),
    Page(name="manager-range-xlsx", path="/manager/range/file.xlsx", needs=MANAGE, view=manager_range.as_xlsx),
    Page(name="manager-range-csv", path="/manager/range/file.csv", needs=MANAGE, view=manager_range.as_csv),
    Page(name="report", path="/report", needs=MANAGE, view=report.page),
    Page(name="report-html", path="/report/file.html", needs=MANAGE, view=report.as_html),
    Page(name="report-xlsx", path="/report/file.xlsx", needs=MANAGE, view=report.as_xlsx),
    Page(name="report-csv", path="/report/file.csv", needs=MANAGE, view=report.as_csv),
    Page(name="technician", path="/technician", needs=FLEET, view=technician.page, name_vi="Thiết bị"),
    Page(name="technician-feed", path="/technician/feed", needs=FLEET, view=manager_feed.fragment),
    Page(name="technician-devices", path="/technician/devices", needs=FLEET, view=technician.devices),
    Page(name="device-add", path="/technician/add", needs=FLEET, view=device_settings.add),
    Page(name="device-settings", path="/technician/settings", needs=FLEET, view=device_settings.page),
    Page(name="device-orders", path="/technician/orders", needs=FLEET, view=device_settings.orders),
    Page(name="device-orders-live", path="/technician/orders/live", needs=FLEET, view=device_settings.orders_live),
    Page(name="device", path="/technician/device/{device}", needs=FLEET, view=device.page),
    Page(name="device-live", path="/technician/device/{device}/live", needs=FLEET, view=device.live),
    Page(name="availability", path="/availability", needs=("fleet", "manage"), view=alerts.page, name_vi="Độ sẵn sàng"),
    Page(name="unusual", path="/unusual", needs=MANAGE, view=unusual.page, name_vi="Cần để ý"),
    Page(name="accounts", path="/accounts", needs=("fleet", "manage"), view=accounts.page, name_vi="Tài khoản"),
    Page(name="ca", path="/ca", needs=(), view=certificate.page),
    Page(name="ca-pem", path="/ca.pem", needs=(), view=certificate.pem),
    Page(name="ca-crt", path="/ca.crt", needs=(), view=certificate.der),
    Page(name="citizen", path="/t/{token}", needs=(), view=citizen.page),
    Page(name="booking", path="/hen/{site}", needs=(), view=booking.page),
    Page(name="appointment", path="/a/{token}", needs=(), view=booking.own),
    Page(name="open-places", path="/noi-vang", needs=(), view=open_places.page),
    Page(name="rate", path="/rate/{site}/{counter}/{token}", needs=(), view=rating.page),
)


def install(app: Flask, house: House, gate: Gate) -> None:
    """All pages, and how their files travel, on this application."""
    visit.register(app, house, gate, PAGES)
    assets.register(app)
