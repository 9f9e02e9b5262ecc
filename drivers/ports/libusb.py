"""USB printers where the kernel's usblp is missing: the one file that imports pyusb. Bulk transfers with deadlines.

Holds the choice of interface and endpoints, read from the descriptors, and the counting of what was taken. It never
resets a device, never detaches a kernel driver and configures only what nobody has configured: each of these makes
`/dev/usb/lp*` vanish until somebody pulls the plug.
"""

from __future__ import annotations

import contextlib
import errno
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import usb.core
import usb.util

from drivers.ports.base import CHUNK_BYTES, Gone, OpenFailed, PortError, Timeout, Waker

if TYPE_CHECKING:
    from drivers.ports.opening import Address

PRINTER_CLASS = 7
ONE_WAY, TWO_WAYS = 1, 2  # the class's protocols that are a plain stream of bytes
ONE_LOOK_S = 0.1  # between two looks at the waker
EMPTY_PAUSE_S = 0.005
# libusb listens for plugs on a netlink socket and does not start at all where it may have none.
NO_LIBRARY = "libusb does not start: install libusb-1.0-0, or give the service drop-ins/usb-printer-without-usblp.conf"
_CODES = {errno.EACCES: "permission", errno.EPERM: "permission", errno.EBUSY: "busy", errno.ENODEV: "absent", errno.ENOENT: "absent"}
_CODES |= {errno.EIO: "absent"}


class LibusbPort:
    """One printer interface, claimed. There is no descriptor to wait on: at rest nothing is read, and udev tells of a loss."""

    def __init__(self, device: Any, interface: int, out: Any, back: Any) -> None:
        self._device: Any = device
        self._interface, self._out, self._back = interface, out, back
        self._kept = b""
        self._stalled = False
        self._pause = threading.Event()

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        while not self._kept:
            left_s = deadline - time.monotonic()
            self._kept = self._read_once(min(left_s, ONE_LOOK_S) if waker else left_s)
            if self._kept:
                break
            if waker is not None and waker.wait(0.0):
                return b""
            if time.monotonic() >= deadline:
                raise Timeout("nothing came before the deadline")
        data, self._kept = self._kept[:size], self._kept[size:]
        return data

    def _read_once(self, within_s: float) -> bytes:
        """One transfer. An empty one is a printer with nothing to say, not one that has left."""
        if self._device is None:
            raise Gone("port is closed")
        if self._back is None:
            self._pause.wait(max(0.0, within_s))
            return b""
        try:
            # Whole packets only: a smaller buffer than the packet that comes is an overflow, and its bytes are lost.
            data = bytes(self._back.read(8 * self._back.wMaxPacketSize, _ms(within_s)))
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            self._recover(error, self._back)
            return b""
        if not data:
            self._pause.wait(min(EMPTY_PAUSE_S, max(0.0, within_s)))
        return data

    def write(self, data: bytes, deadline: float) -> int:
        written = 0
        while written < len(data):
            if self._device is None:
                raise Gone("port is closed", written)
            try:
                written += self._out.write(data[written : written + CHUNK_BYTES], _ms(deadline - time.monotonic()))
                self._stalled = False
            except usb.core.USBTimeoutError:
                pass
            except usb.core.USBError as error:
                self._recover(error, self._out, written)
            if written < len(data) and time.monotonic() >= deadline:
                raise Timeout(f"{written} of {len(data)} bytes taken before the deadline", written)
        return written

    def _recover(self, error: Any, endpoint: Any, written: int = 0) -> None:
        """A stalled endpoint is cleared once; anything else means that the printer has left."""
        if error.errno == errno.EPIPE and not self._stalled:
            self._stalled = True
            with contextlib.suppress(usb.core.USBError):
                endpoint.clear_halt()
                return
        raise Gone(errno.errorcode.get(error.errno or 0, "error"), written) from error

    def idle(self, deadline: float, waker: Waker) -> str:
        return "woken" if waker.wait(deadline - time.monotonic()) else "time"

    def rest(self) -> None:
        """It stays claimed."""

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(usb.core.USBError, PortError):
                usb.util.release_interface(device, self._interface)
            usb.util.dispose_resources(device)


def _ms(seconds: float) -> int:
    """Never 0: to libusb that is for ever."""
    return max(1, math.ceil(seconds * 1000))


def open_libusb(target: str, backend: Any = None) -> LibusbPort:
    """`target`: `/dev/bus/usb/BUS/DEVICE` as udev names it, or `VID:PID:SERIAL` with `*`."""
    seen: list[Any] = []
    try:
        seen = list(usb.core.find(find_all=True, backend=backend))
        found = [device for device in seen if _is(device, target)]
        if len(found) != 1:
            raise OpenFailed("error" if found else "absent", f"{target}: {len(found)} devices; name the serial" if found else target)
        port = _claim(found[0], target)
        seen.remove(found[0])
        return port
    except usb.core.NoBackendError as error:
        raise OpenFailed("error", NO_LIBRARY) from error
    except usb.core.USBError as error:
        detail = f"{target}: {errno.errorcode.get(error.errno or 0, 'error')}"
        raise OpenFailed(_CODES.get(error.errno or 0, "error"), detail) from error
    finally:
        for device in seen:
            usb.util.dispose_resources(device)


def _is(device: Any, target: str) -> bool:
    if target.startswith("/"):
        return f"/{device.bus:03d}/{device.address:03d}" == target[-8:]
    vid, pid, serial = target.lower().split(":", 2)
    if vid not in ("*", f"{device.idVendor:04x}") or pid not in ("*", f"{device.idProduct:04x}"):
        return False
    if serial == "*" or not device.iSerialNumber:
        return serial == "*"
    return serial == str(usb.util.get_string(device, device.iSerialNumber)).lower()


def _claim(device: Any, target: str) -> LibusbPort:
    try:
        configuration = device.get_active_configuration()
    except usb.core.USBError as error:
        if error.errno in _CODES:
            raise
        device.set_configuration()  # nobody has configured it yet
        configuration = device.get_active_configuration()
    chosen = _interface(configuration)
    if chosen is None:
        raise OpenFailed("error", f"{target}: no printer interface (class 7) with a stream of bytes")
    number = chosen.bInterfaceNumber
    if _kernel_has_it(device, number):
        raise OpenFailed("busy", f"{target}: the kernel's usblp has it: use usblp:/dev/usb/lp0 or match")
    usb.util.claim_interface(device, number)
    if chosen.bAlternateSetting:
        device.set_interface_altsetting(number, chosen.bAlternateSetting)
    return LibusbPort(device, number, _endpoint(chosen, usb.util.ENDPOINT_OUT), _endpoint(chosen, usb.util.ENDPOINT_IN))


def _interface(configuration: Any) -> Any:
    """The printer's setting that speaks both ways, else the one that only listens."""
    plain = [
        one
        for one in configuration
        if one.bInterfaceClass == PRINTER_CLASS and one.bInterfaceProtocol in (ONE_WAY, TWO_WAYS) and _endpoint(one, usb.util.ENDPOINT_OUT)
    ]
    return max(plain, key=lambda one: (_endpoint(one, usb.util.ENDPOINT_IN) is not None, one.bInterfaceProtocol == TWO_WAYS), default=None)


def _endpoint(interface: Any, direction: int) -> Any:
    def bulk(endpoint: Any) -> bool:
        kind = usb.util.endpoint_type(endpoint.bmAttributes)
        return bool(usb.util.endpoint_direction(endpoint.bEndpointAddress) == direction and kind == usb.util.ENDPOINT_TYPE_BULK)

    return usb.util.find_descriptor(interface, custom_match=bulk)


def _kernel_has_it(device: Any, number: int) -> bool:
    with contextlib.suppress(NotImplementedError):
        return bool(device.is_kernel_driver_active(number))
    return False


def open_address(address: Address) -> LibusbPort:
    return open_libusb(address.target)
