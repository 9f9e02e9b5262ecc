"""Routes of machines: leases of numbers, what another server acknowledged, heartbeats; the standby and its server.

Holds rows of the route table alone; `routes` puts them into the one table.
"""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract.strict import Whole
from queue_server.web import devices, replica
from queue_server.web.call import Param, Route

DEVICES = (
    Route(
        name="lease",
        method="POST",
        path="/leases",
        needs=("issue",),
        handler=devices.lease,
        kind="command",
        message=m.Lease,
        refusals=("quota_full",),
        answer="LeasedNumbers",
        summary="Numbers a kiosk may print alone",
    ),
    Route(
        name="settle",
        method="POST",
        path="/leases/{lease}/settle",
        needs=("issue",),
        handler=devices.settle,
        kind="command",
        message=m.Settle,
        answer="Settled",
        summary="Report what was printed alone",
    ),
    Route(
        name="restate",
        method="POST",
        path="/tickets/restate",
        needs=("issue",),
        handler=devices.restate,
        kind="command",
        message=m.Restate,
        answer="Settled",
        summary="Tell again what another server acknowledged, after it was replaced",
    ),
    Route(
        name="heartbeat",
        method="POST",
        path="/devices/heartbeat",
        needs=("issue", "feed", "device"),
        handler=devices.heartbeat,
        kind="beat",
        message=m.Heartbeat,
        answer="Beat",
        summary="A device is alive, and how its parts are",
    ),
    Route(
        name="devices",
        method="GET",
        path="/devices",
        needs=("fleet",),
        handler=devices.devices,
        answer="Devices",
        summary="Devices and their health",
    ),
)

STANDBY = (
    Route(
        name="standing",
        method="GET",
        path="/standing",
        needs=("*",),
        handler=replica.standing,
        summary="Whether this server serves, stands by or is fenced",
    ),
    Route(
        name="promote",
        method="POST",
        path="/replica/promote",
        needs=("admin", "fleet"),
        handler=replica.promote,
        message=m.Bare,
        sited=False,
        refusals=("conflict",),
        summary="This standby takes over",
    ),
    Route(
        name="confirm-clock",
        method="POST",
        path="/clock/confirm",
        needs=("admin", "fleet"),
        handler=replica.confirm_clock,
        kind="command",
        message=m.Bare,
        refusals=("conflict",),
        summary="The wall clock leapt and is right: site time follows it",
    ),
    Route(
        name="replica-rows",
        method="GET",
        path="/replica/rows",
        needs=("admin",),
        handler=replica.rows,
        query=(Param("after", Whole()), Param("answers_since", Whole())),
        summary="What a standby lacks after a row of the log",
    ),
    Route(
        name="replica-aside",
        method="GET",
        path="/replica/aside",
        needs=("admin",),
        handler=replica.aside,
        query=(Param("known", about="digest that is known already"),),
        sited=False,
        summary="Keys, accounts and devices",
    ),
    Route(
        name="replica-snapshot",
        method="GET",
        path="/replica/snapshot",
        needs=("admin",),
        handler=replica.snapshot,
        kind="file",
        sited=False,
        summary="A copy of the database to begin with",
    ),
)
