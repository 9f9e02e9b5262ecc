"""What a how-to's test rests on: steps in order, outputs with their gaps, and no line to the console without a name for the test."""

from __future__ import annotations

import pytest

from tests.howto.page import Hand, Shell, fits, steps, text_of, unnamed

FOLLOWED = ("provision-a-kiosk.md", "replace-a-kiosk.md", "restore-a-server.md", "add-a-device.md", "rotate-keys.md")

SAMPLE = """1. Do it. <!-- by hand: plug-in printer -->
<!-- by hand: wait -->

   ```sh
   toiluot drivers list
   ```

   ```text
   …
   ```

   In the console: look. <!-- in the console: look kiosk-01 -->

```toml
a = 1
```
"""


def test_steps_come_in_the_order_of_the_page() -> None:
    assert steps(SAMPLE) == [
        Hand("plug-in", ("printer",), console=False),
        Hand("wait", (), console=False),
        Shell("toiluot drivers list\n", "…\n"),
        Hand("look", ("kiosk-01",), console=True),
    ]


@pytest.mark.parametrize(
    ("said", "wanted", "right"),
    [
        ("a 12 bytes\n", "a … bytes", True),
        ("a 12 bytes\nb\n", "a … bytes", False),
        ("x\na\ny\n", "…\na\n…", True),
        ("a\n", "…\na\n…", True),
        ("b\n", "…\na\n…", False),
        ("a.b\n", "a?b", False),
    ],
)
def test_an_output_is_what_the_page_shows(said: str, wanted: str, right: bool) -> None:
    assert fits(said, wanted) is right


def test_a_line_to_the_console_without_a_name_is_found() -> None:
    assert unnamed("1. In the console: press.\n\nMore. <!-- in the console: x -->\n") == ["1. In the console: press."]
    assert unnamed(SAMPLE) == []


@pytest.mark.parametrize("name", FOLLOWED)
def test_every_line_to_the_console_is_done_by_the_test(name: str) -> None:
    assert unnamed(text_of(name)) == []
