"""People at real pages of a real server: browsers that are logged in, and the desk of a clerk with words for its keys."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from queue_server.client import Client
from tests.web.helpers import PASSWORD, Process, Site, rid

expect.set_options(timeout=15_000)  # a deadline, not a wait: two cores may carry more than these tests
COUNT_VIOLATIONS = (
    "window.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI));"
)


class Browsers:
    """Opens pages as a console or a phone, and asks each at the end whether the policy was broken or a script failed."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.site, self._browser = site, browser
        self._contexts: list[BrowserContext] = []
        self.pages: list[Page] = []
        self.faults: list[str] = []

    def context(self, *, phone: bool = False, **options: Any) -> BrowserContext:
        size = {"width": 390, "height": 844} if phone else {"width": 1366, "height": 768}
        made = self._browser.new_context(
            viewport=size, base_url=self.site.base, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", reduced_motion="reduce", **options
        )
        self._contexts.append(made)
        return made

    def page(self, context: BrowserContext | None = None, **options: Any) -> Page:
        page = (context or self.context(**options)).new_page()
        page.add_init_script(COUNT_VIOLATIONS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.pages.append(page)
        return page

    def person(self, role: str, **options: Any) -> Page:
        """A browser in which somebody with this role is logged in."""
        context = self.context(**options)
        login(context, self.site, self.site.person(role))
        return self.page(context)

    def close(self) -> None:
        shown = [page for page in self.pages if not page.is_closed() and page.url.startswith("http")]
        found = [page.evaluate("() => window.violations || []") for page in shown]
        for context in self._contexts:
            context.close()
        assert self.faults == []
        assert [violation for page in found for violation in page] == []


def login(context: BrowserContext, site: Site, name: str) -> None:
    answer = context.request.post("/login", data={"login": name, "password": PASSWORD})
    assert answer.ok, answer.text()


class Desk:
    """A clerk at a counter, and what the hall's log says of it."""

    def __init__(self, page: Page, site: Site, client: Client, counter: str) -> None:
        self.page, self.site, self.client, self.counter = page, site, client, counter

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def button(self, name: str) -> Any:
        return self.page.locator(f'[data-do="{name}"]')

    @property
    def label(self) -> Any:
        return self.page.locator("#label")

    def shows(self, label: str) -> None:
        expect(self.label).to_have_text(label)
        expect(self.button("next")).to_be_enabled()

    def ready(self, state: str) -> None:
        """The state in words, and the last command answered: a key before that would be dropped, as it should be."""
        expect(self.page.locator("#state")).to_have_text(state)
        expect(self.button("pause")).to_be_enabled()

    def log(self, *types: str) -> list[dict[str, Any]]:
        events = self.client.events(after="0", limit=1000)["events"]
        return [event for event in events if event["type"] in types]

    def issue(self, n: int = 1, service: str = "ho-tich", **more: Any) -> list[dict[str, Any]]:
        return [self.client.issue(rid("i"), service=service, **more) for _ in range(n)]


@pytest.fixture
def browsers(browser: Browser, site: Site) -> Iterator[Browsers]:
    made = Browsers(browser, site)
    yield made
    made.close()


@pytest.fixture
def open_desk(browsers: Browsers, site: Site) -> Callable[..., Desk]:
    """A clerk who has opened a counter, with some people waiting. Policy settings are named in seconds."""

    def open_it(waiting: int = 3, counter: str = "3", page: Page | None = None, clock: bool = False, **policy: int) -> Desk:
        if policy:
            site.configure(lambda document: document.setdefault("policy", {}).update(policy))
        client = site.client()
        desk = Desk(page or browsers.person("clerk"), site, client, counter)
        desk.issue(waiting)
        if clock:
            desk.page.clock.install()
        desk.page.goto(f"/counter/{counter}")
        desk.page.get_by_role("button", name="Mở quầy").click()
        expect(desk.button("next")).to_be_enabled()
        return desk

    return open_it


@pytest.fixture
def frozen(server: Process) -> Callable[[], Any]:
    """The server stands still: its sockets stay open and say nothing, as when a cable is pulled behind a switch."""

    @contextmanager
    def freeze() -> Iterator[None]:
        os.kill(server._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(server._process.pid, signal.SIGCONT)

    return freeze
