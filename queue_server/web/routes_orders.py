"""Routes of the technician's console and of devices that carry out orders: orders, waves, settings of devices, cards.

Holds rows of the route table alone; `routes` puts them into the one table.
"""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract import messages_orders as mo
from queue_server.web import orders
from queue_server.web.call import Param, Route

FLEET = ("fleet",)
DEVICE = ("issue", "board", "call", "feed")  # what devices of any role hold; the use-case asks whether it is that very device
FILE_TYPES = ("image/png", "text/plain", "application/zip")


def _command(name: str, path: str, handler: object, message: type[object], answer: str, summary: str, **more: object) -> Route:
    fields = {"needs": FLEET, "kind": "command", "method": "POST"} | more
    return Route(name=name, path=path, handler=handler, message=message, answer=answer, summary=summary, **fields)  # type: ignore[arg-type]


def _query(name: str, path: str, handler: object, answer: str, summary: str, **more: object) -> Route:
    return Route(name=name, method="GET", path=path, needs=FLEET, handler=handler, answer=answer, summary=summary, **more)  # type: ignore[arg-type]


ORDERS = (
    _command(
        "order", "/devices/{device}/orders", orders.give, mo.GiveOrder, "Order", "Order a device to do something", success=201,
        refusals=("conflict",),
    ),
    _query("orders-of", "/devices/{device}/orders", orders.of_device, "Orders", "A device's last orders"),
    _query("orders", "/devices/orders", orders.recent, "Orders", "The site's last orders"),
    _query("order-one", "/devices/orders/{order}", orders.one, "Order", "One order"),
    _command("order-withdraw", "/devices/orders/{order}/withdraw", orders.withdraw, m.Bare, "Order", "No longer wanted"),
    _command("order-done", "/devices/orders/{order}/done", orders.done, mo.OrderDone, "Order", "What became of an order", needs=DEVICE),
    Route(
        name="order-file",
        method="PUT",
        path="/devices/orders/{order}/file",
        needs=DEVICE,
        handler=orders.bring,
        kind="upload",
        takes=FILE_TYPES,
        refusals=("unsupported_type", "too_large", "too_slow", "invalid"),
        answer="OrderFile",
        summary="What a device brings for an order, at most 4 MiB; before it says done",
    ),
    Route(
        name="order-file-read",
        method="GET",
        path="/devices/orders/{order}/file",
        needs=FLEET,
        handler=orders.fetch,
        kind="download",
        takes=FILE_TYPES,
        summary="What a device brought for an order, kept for seven days",
    ),
    _command("wave", "/devices/waves", orders.start_wave, mo.StartWave, "Wave", "One order to many devices, a few at a time", success=201),
    _query("waves", "/devices/waves", orders.all_waves, "Waves", "The last waves, and how each device stands"),
    _command("wave-stop", "/devices/waves/{wave}/stop", orders.stop_wave, m.Bare, "Wave", "Nobody more is asked"),
    _query(
        "device-settings", "/devices/config", orders.settings, "DeviceSettingsShown", "Settings of all devices or of one, and versions",
        query=(Param("device", mo.EVERY_OR_DEVICE),),
    ),
    Route(
        name="device-settings-preview",
        method="POST",
        path="/devices/config/preview",
        needs=FLEET,
        handler=orders.preview,
        message=mo.DeviceSettings,
        refusals=("config_changed",),
        answer="DeviceSettingsPreview",
        summary="What a change would do on which devices, refused as the change itself would be",
    ),
    _command(
        "device-settings-change", "/devices/config/change", orders.change, mo.DeviceSettings, "DeviceSettingsChanged",
        "Settings of all devices, or of one: one new version", refusals=("config_changed",),
    ),
    _command(
        "device-settings-restore", "/devices/config/restore", orders.restore, mo.RestoreSettings, "DeviceSettingsChanged",
        "An older version holds again, as a new one", refusals=("config_changed",),
    ),
    Route(
        name="device-wanted",
        method="GET",
        path="/devices/{device}/config",
        needs=(*FLEET, *DEVICE),
        handler=orders.wanted,
        answer="DeviceWanted",
        summary="What a device is to run on, signed by the site",
    ),
    Route(
        name="card",
        method="POST",
        path="/devices/cards",
        needs=FLEET,
        handler=orders.make_card,
        message=mo.MakeCard,
        answer="Card",
        summary="The files that make a blank card a device of this site",
    ),
)  # fmt: skip
