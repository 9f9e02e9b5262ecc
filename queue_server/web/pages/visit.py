"""Who opens a page and where: the log-in and permission check before every view, and what every console page shows.

Holds the page table's row type and the one way a row becomes a Flask rule. It knows no page by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Flask, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from queue_server.domain.principal import Principal
from queue_server.services import queries
from queue_server.web.asking import guessing
from queue_server.web.auth import Credential, Gate, allow, choose_site
from queue_server.web.dispatch import check_csrf, current
from queue_server.web.house import House

Answer = str | Response


@dataclass(frozen=True)
class Visit:
    """One page request of someone who is logged in."""

    house: House
    who: Principal
    site: str
    csrf: str
    args: Mapping[str, str]
    now_ms: int

    @contextmanager
    def reader(self) -> Iterator[Any]:
        with self.house.store.read() as reader:
            yield reader


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page. `needs` lists permissions of which one suffices; `*` is anyone logged in, empty is anyone at all.
    `name_vi` puts the page into the bar of those who may open it."""

    name: str
    path: str
    needs: tuple[str, ...]
    view: Callable[..., Answer]
    method: str = "GET"
    name_vi: str = ""


def register(app: Flask, house: House, gate: Gate, pages: tuple[Page, ...]) -> None:
    """One Flask rule per row."""
    menu = tuple(page for page in pages if page.name_vi)
    app.extensions["toiluot_menu"] = menu
    for page in pages:
        rule = page.path.replace("{", "<").replace("}", ">")
        app.add_url_rule(rule, f"page-{page.name}", _rule(page, house, gate), methods=[page.method], provide_automatic_options=False)


def _open(page: Page, house: House, gate: Gate, **args: str) -> Answer:
    """A page that asks for nobody's name; where its address holds a token, wrong ones are counted."""
    if "token" not in args:
        return page.view(house, gate, **args)
    with guessing(gate, args["token"]):
        return page.view(house, gate, **args)


def _rule(page: Page, house: House, gate: Gate) -> Callable[..., Answer]:
    if not page.needs:
        return lambda **args: _open(page, house, gate, **args)

    def view(**args: str) -> Answer:
        credential = person(gate)
        if credential is None:
            return to_login()
        if "*" not in page.needs:
            allow(credential.who, page.needs)
        check_csrf(credential)
        site = choose_site(credential.who, request.args.get("site") or (credential.who.sites[0] if credential.who.sites else None))
        return page.view(Visit(house, credential.who, site, credential.csrf, args, house.clock.wall_ms()))

    return view


def person(gate: Gate) -> Credential | None:
    """The person who is logged in here. A program's key or a board's cookie opens no page."""
    credential = current(gate)
    return credential if credential is not None and credential.via == "session" else None


def to_login() -> Answer:
    """Send to the log-in page and back afterwards. A fragment asks the whole page to go there."""
    if request.headers.get("HX-Request"):
        answer = Response(status=401)
        answer.headers["HX-Refresh"] = "true"
        return answer
    return redirect(f"/login?next={quote(request.full_path.rstrip('?'))}", code=303)


def show(template: str, visit: Visit, **values: Any) -> str:
    """A console page, with what the bar needs."""
    return render_template(
        template,
        who=visit.who,
        csrf=visit.csrf,
        site_parameter=visit.site if len(visit.who.sites) > 1 else "",
        site_name=values.pop("site_name", None) or site_name(visit),
        places=places(visit.who),
        **values,
    )


def places(who: Principal) -> list[dict[str, Any]]:
    """The pages this person may open, for the bar."""
    return [
        {"href": page.path, "name": page.name_vi, "here": request.path.startswith(page.path)}
        for page in current_app.extensions["toiluot_menu"]
        if any(who.may(need) for need in page.needs)
    ]


def site_name(visit: Visit) -> str:
    with visit.reader() as reader:
        return str(queries.house(reader, visit.site)[1].name)
