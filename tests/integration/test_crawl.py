"""Every link, from the first page on, as each of the roles, on the storyline's estate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import pytest
import requests
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve
from pytest_django import DjangoDbBlocker

from ghconnect.models import Role, User
from ghconnect.usecases import servers
from tests.integration.test_every_url import ADDRESSES
from tests.support import estate as estates
from tests.support import html, words
from tests.support.storyline import Storyline, loaded
from tools import messages

# Of pages that differ by their subject alone so many are opened.
ENOUGH = 5
# What no link leads to: deeds, what a script asks for, and what belongs to a state that the storyline is not in.
UNLINKED = {
    "cloud_refresh",
    "cloud_sync_csv",  # of syncs that changed something
    "cloud_sync_discard",
    "cloud_sync_publish",
    "counted_twice_decide",
    "counted_twice_exclude",
    "invitation_cancel",
    "person_erase",
    "role",
    "sandbox_progress",
    "server",
    "server_progress",
    "server_push_revoke",
    "server_sync_now",
    "settings_token_revoke",
}


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker, folder: Path) -> Iterator[Storyline]:
    with django_db_blocker.unblock(), loaded(folder, "crawl") as estate:
        servers.add(  # neither connected nor read
            enterprise=estate.enterprise,
            host="ghe-new.octo-corp.example",
            way_in="upload",
            web_url=estate.sandbox.pages_url,
            by=None,
        )
        yield estate


@dataclass
class Crawl:
    """A walk along links: what was opened, what hangs outside, and everything that is wrong."""

    client: Client
    opened: Counter[tuple[str, ...]] = field(default_factory=Counter)
    outside: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    fragments: list[tuple[str, str, str]] = field(default_factory=list)
    pages: dict[str, html.Page] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)

    def walk(self, *starts: str) -> Crawl:
        """Open these pages and whatever they lead to."""
        waiting = [(start, "") for start in starts if self.is_new(start)]
        seen = set(starts)
        while waiting:
            address, source = waiting.pop(0)
            for link in self.open(address, source):
                if link not in seen and self.is_new(link):
                    seen.add(link)
                    waiting.append((link, address))
        self.wrong += [
            f"{source} → {address}#{fragment}: no such place"
            for address, fragment, source in self.fragments
            if address in self.pages and fragment not in self.pages[address].ids
        ]
        return self

    def is_new(self, link: str) -> bool:
        """Tell whether to open it: a view's address is opened often enough, with each kind of query."""
        shape = (view_of(link), *sorted(name for name, _ in parse_qsl(urlsplit(link).query)))
        if self.opened[shape] >= ENOUGH:
            return False
        self.opened[shape] += 1
        return True

    @property
    def views(self) -> set[str]:
        """The names of the views that were opened."""
        return {shape[0] for shape in self.opened}

    def open(self, address: str, source: str) -> list[str]:
        """Open one page, note what is wrong with it, and return where it leads."""
        answer = self.client.get(address)
        if answer.status_code == 302:
            return [urljoin(address, answer.headers["Location"])]
        if answer.status_code != 200:
            self.wrong.append(f"{source} → {address}: {answer.status_code}")
            return []
        content = answer.getvalue()
        if not answer.headers["Content-Type"].startswith("text/html"):
            return []
        body = content.decode()
        self.bodies[address] = body
        page = self.pages[address] = html.read(body)
        self.wrong += [f"{address} (from {source}): {fault}" for fault in faults(page)]
        return list(self.leads(address, page))

    def leads(self, address: str, page: html.Page) -> Iterator[str]:
        for href in page.links:
            if href in ("", "#") or href.startswith("javascript:"):
                self.wrong.append(f"{address}: a link leads nowhere ({href!r})")
                continue
            link, fragment = urldefrag(urljoin(address, href))
            if urlsplit(link).netloc:
                self.outside.setdefault(link, address)
                continue
            if fragment:
                self.fragments.append((link, fragment, address))
            yield link


Walked = Callable[[str], Crawl]


@pytest.fixture(scope="module")
def walked(story: Storyline) -> Walked:
    """Return a function that gives somebody's walk from the first page on; each is walked once."""
    return cache(lambda login: Crawl(story.client(login)).walk("/"))


def view_of(link: str) -> str:
    """Return the name of the view behind an address, "" for none."""
    try:
        return resolve(urlsplit(link).path).url_name or ""
    except Resolver404:
        return ""


def faults(page: html.Page) -> Iterator[str]:
    """Yield what is wrong with any page."""
    if len(page.headings) != 1:
        yield f"headings {page.headings}"
    elif not re.fullmatch(rf"{re.escape(page.headings[0])} · (.+ · )?ghconnect", page.title):
        yield f"title {page.title!r} of {page.headings[0]!r}"
    if twice := {each for each in page.ids if page.ids.count(each) > 1}:
        yield f"ids given twice: {twice}"
    if missing := page.references - set(page.ids):
        yield f"names ids that are not there: {missing}"


def closed_forms(crawl: Crawl, role: Role) -> list[str]:
    """Return forms whose door is closed to the role."""
    doors = {urljoin(address, form.action) for address, page in crawl.pages.items() for form in page.forms}
    views = {door: getattr(resolve(urlsplit(door).path).func, "roles", None) for door in doors}
    return [door for door, roles in views.items() if roles is not None and role not in roles]


@pytest.mark.parametrize(("login", "role"), [("mona", Role.OWNER), ("finn", Role.BILLING_MANAGER)])
def test_every_link_leads_somewhere_and_every_page_is_led_to(walked: Walked, login: str, role: Role) -> None:
    crawl = walked(login)
    assert crawl.wrong == []
    assert closed_forms(crawl, role) == []
    open_to = {each.name for each in ADDRESSES if role in (each.roles or ())}
    assert open_to - crawl.views - UNLINKED == set()
    assert outside(crawl.outside) == []


# Queries of every page with a list, sign-in and frame included: a page that needs more asks once a row.
USUAL_BUDGET = 25
BUDGETS = {
    "cloud_sync": 20,
    "consumed": 19,
    "counted_twice": 20,
    "difference": 25,
    "enterprises": 17,
    "fleet": 25,
    "licensing": 27,
    "overview": 33,
    "person": 29,
    "renewal": 26,
    "server_data": 17,
    "server_license": 24,
    "server_push": 20,
    "server_settings": 20,
    "server_statistics": 16,
    "server_sync": 18,
    "server_syncs": 16,
    "server_users": 17,
    "settings_audit_log": 14,
    "settings_people": 14,
    "trends": 32,
}


def test_every_page_with_a_list_keeps_to_its_budget_of_queries(story: Storyline, walked: Walked) -> None:
    client = story.client("mona")
    pages = walked("mona").bodies
    lists = {view_of(address): address for address, body in pages.items() if 'class="data-table' in body}
    spent = {}
    for view, address in lists.items():
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        spent[view] = len(asked)
    assert {view: n for view, n in spent.items() if n > BUDGETS.get(view, USUAL_BUDGET)} == {}


def test_no_page_mixes_languages(story: Storyline, walked: Walked) -> None:
    User.objects.filter(login="mona").update(language="ja")
    client = story.client("mona")
    answers = {address: client.get(address) for address in walked("mona").bodies}
    User.objects.filter(login="mona").update(language="")
    assert {answer.status_code for answer in answers.values()} == {200}
    japanese = {address: answer.getvalue().decode() for address, answer in answers.items()}
    english = walked("mona").bodies | walked("finn").bodies
    assert len(japanese) > 40
    ours = {str(message.id) for message in messages.merged({}) if message.id and message.string != message.id}
    told = {said for body in japanese.values() for lang, said in words.of(body) if lang == "ja"}
    assert {
        said for said in told if not words.has_japanese(said) and (words.has_english(said) or said in ours)
    } == {"Enterprise"}  # GitHub's name of the license type, the same in Japanese
    told = {said for body in english.values() for lang, said in words.of(body) if lang == "en"}
    assert {said for said in told if words.has_japanese(said) and "佐藤 健二" not in said} == {"日本語"}


def outside(links: dict[str, str]) -> list[str]:
    """Return links to other places that are dead: of pretend GitHub here, and of names that nothing answers to."""
    return [
        f"{source} → {link}"
        for link, source in links.items()
        if urlsplit(link).hostname != "127.0.0.1" or requests.get(link, timeout=10).status_code != 200
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["owner", "biller"])
def test_nothing_is_dead_on_the_first_day(client: Client, role: str) -> None:
    client.force_login(getattr(estates.estate(), role))
    assert Crawl(client).walk("/").wrong == []


@pytest.mark.django_db
def test_nothing_is_dead_for_whoever_is_not_signed_in(client: Client) -> None:
    crawl = Crawl(client).walk("/", "/about", "/password/reset/done/", "/password/reset/key/1-none/")
    assert crawl.wrong == []
    assert {"account_login", "account_reset_password", "about"} <= crawl.views


@pytest.mark.django_db
def test_a_page_that_is_not_there_is_a_page(client: Client) -> None:
    client.force_login(estates.person("somebody"))
    assert list(faults(html.read(client.get("/nowhere").content.decode()))) == []


def test_the_crawler_sees_what_is_wrong() -> None:
    page = html.read('<title>A · ghconnect</title><h1>B</h1><h1>C</h1><p id="x"><p id="x"><label for="y">')
    assert len(list(faults(page))) == 3
    page = html.read('<title>A · ghconnect</title><h1>B <span class="Label">held</span></h1>')
    assert list(faults(page)) == ["title 'A · ghconnect' of 'B'"]
