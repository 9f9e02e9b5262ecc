"""The panels this kiosk was tried on, and how many CSS pixels make a millimetre on each.

Pure. A profile that stands here is a case of the hit-test (`tests/kiosk`); any other is refused. `auto` chooses by the
size of the window, for a kiosk seen in an ordinary browser.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    name: str
    width: int
    height: int
    px_per_mm: float


PANELS = {
    panel.name: panel
    for panel in (
        Panel("7in-800x480", 800, 480, 5.16),
        Panel("10in-1280x800", 1280, 800, 5.90),
        Panel("15in-1920x1080", 1920, 1080, 5.58),
        Panel("21in-1080x1920", 1080, 1920, 4.03),
    )
}
AUTO = "auto"
NAMES = (AUTO, *PANELS)


def device_css(name: str) -> str:
    """`--mm` as a style sheet of its own: a style attribute would be blocked by the content security policy."""
    if name != AUTO:
        return f":root{{--mm:{PANELS[name].px_per_mm}px}}\n"
    small, tall = PANELS["7in-800x480"], PANELS["21in-1080x1920"]
    rules = [f":root{{--mm:{small.px_per_mm}px}}"]
    rules.append(
        f"@media (min-width:{tall.width}px) and (min-height:1400px) and (orientation:portrait){{:root{{--mm:{tall.px_per_mm}px}}}}"
    )
    return "\n".join(rules) + "\n"
