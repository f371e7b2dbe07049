"""One enterprise never shows a trace of another, and whoever has no right to come in gets nothing: every address.

The other enterprise is full of a marker: its name, hosts, people, addresses, runs, tokens and invitations. Nothing that
anybody of this enterprise is answered may hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from ghconnect.models import AuditEvent, Role, User
from ghconnect.usecases import access, access_tokens, invitations, suspension
from licensing.models import Person
from tests.integration.engine import drive
from tests.integration.test_every_url import (
    ADDRESSES,
    API,
    METHODS,
    PLACED,
    PUBLIC,
    READING,
    SIGN_IN,
    Address,
    ask,
    url_of,
)
from tests.support import estate as estates
from tests.support.estate import Estate

pytestmark = pytest.mark.django_db
MARK = "zzmarkzz"
SEARCHES = ("", f"?q={MARK}", f"?q=server:ghe.{MARK}.example")


@pytest.fixture
def octo() -> Estate:
    made = estates.estate()
    estates.connected(made.server)
    fill(made, "u")
    return made


@pytest.fixture
def marked() -> Estate:
    made = estates.estate(MARK, f"ghe.{MARK}.example")
    estates.connected(made.server)
    fill(made, MARK)
    access_tokens.create(enterprise=made.enterprise, name=MARK, scopes=["read:enterprise"], by=made.owner)
    invitations.invite(
        enterprise=made.enterprise, email=f"{MARK}@x.example", role="owner", by=made.owner, link=str
    )
    return made


def fill(made: Estate, name: str) -> None:
    """Publish a picture of people of that name, and hold another."""
    people = [drive.account(n, f"{name}{n:02}@{name}.example", f"{name}{n:02}") for n in range(1, 21)]
    drive.read_server(made.server, people)
    drive.read_server(made.server, people[:2], publish=False)


def auditor(octo: Estate) -> User:
    user = estates.person("audrey")
    access.grant(enterprise=octo.enterprise, email=user.email, role=Role.AUDITOR, by=None)
    return user


def content(answer: HttpResponseBase) -> str:
    """All that is sent: headers too, and streams to their end."""
    streamed: Any = getattr(answer, "streaming_content", None)
    body = b"".join(streamed) if streamed is not None else getattr(answer, "content", b"")
    return f"{answer.headers}\n{body.decode(errors='replace')}"


def pages(made: Estate) -> Iterator[str]:
    """Every address of a page of this enterprise, and of those that belong to none."""
    for address in ADDRESSES:
        if not address.name.startswith((API, "account_logout")):
            yield url_of(address, made)


@pytest.mark.parametrize("who", ["owner", "biller", "auditor", "operator", "nobody"])
def test_nothing_that_anybody_is_answered_holds_a_trace_of_another_enterprise(
    client: Client, octo: Estate, marked: Estate, who: str
) -> None:
    made = {"owner": octo.owner, "biller": octo.biller}
    if who == "auditor":
        made["auditor"] = auditor(octo)
    if who != "nobody":
        client.force_login(made.get(who) or estates.person("someone"))
    seen = 0
    for url in pages(octo):
        if url == "/metrics":
            continue  # of the whole install, for whoever calls from its own machine
        searched = who in ("owner", "auditor") and url.endswith(
            ("consumed", ".csv", "/users", "audit-log", "syncs")
        )
        for query in SEARCHES if searched else ("",):
            answer = client.get(url + query)
            told = content(answer).replace(query, "").replace(f"server:ghe.{MARK}.example", "")
            told = (
                told.replace(f'value="{MARK}"', "")
                .replace(f"“{MARK}”", "")
                .replace(f"ghe.{MARK}.example", MARK)
            )
            # What somebody typed into the search is theirs.
            assert MARK not in told or MARK in query, f"{who}: {url}{query}"
            assert f"{MARK}01" not in told, f"{who}: {url}{query}"
            seen += answer.status_code == 200
    assert seen > (0 if who == "nobody" else 5)


def test_the_marks_are_there_to_be_seen(client: Client, marked: Estate) -> None:
    client.force_login(marked.owner)
    told = "".join(content(client.get(url)) for url in pages(marked))
    for mark in (f"ghe.{MARK}.example", f"{MARK}01", f"{MARK}@x.example"):
        assert mark in told
    assert Person.objects.filter(enterprise=marked.enterprise).exists()


def test_an_auditor_reads_all_that_an_owner_reads_and_changes_nothing(client: Client, octo: Estate) -> None:
    client.force_login(auditor(octo))
    events = AuditEvent.objects.count()
    for address in PLACED:
        url, may = url_of(address, octo), Role.AUDITOR in (address.roles or ())
        for method in METHODS:
            status = ask(client, method, url).status_code
            if not may or method not in READING:
                # What asks whether an address costs a license is sent, since it is long, and changes nothing.
                asked = method == "POST" and url.endswith("/licensing/check") and status in (200, 400)
                assert asked or status in (404, 405), f"{method} {url}: {status}"
            else:
                assert status in (200, 302, 405) or "pk" in address.parameters or status == 404, (
                    f"{method} {url}"
                )
    assert AuditEvent.objects.count() == events


def test_settings_show_an_auditor_no_button_that_does_nothing(client: Client, octo: Estate) -> None:
    client.force_login(auditor(octo))
    for name in (
        "enterprise_settings",
        "settings_github",
        "settings_people",
        "settings_security",
        "server_settings",
    ):
        address = next(each for each in ADDRESSES if each.name == name)
        page = content(client.get(url_of(address, octo)))
        main = page.partition("<main")[2].partition("</main>")[0]
        assert 'type="submit"' not in main, name
        assert "btn-danger" not in main, name


def closed(client: Client, octo: Estate, address: Address) -> list[str]:
    """What of an address answers somebody who is not signed in any more with anything but the way to sign in."""
    wrong = []
    for method in METHODS:
        answer = ask(client, method, url_of(address, octo))
        if not (answer.status_code == 302 and answer.headers["Location"].startswith("/login/?next=")):
            wrong.append(f"{method} {address.name}: {answer.status_code}")
    return wrong


def test_an_expired_session_opens_nothing(client: Client, octo: Estate) -> None:
    client.force_login(octo.owner)
    session = client.session
    session.set_expiry(timezone.now() - timedelta(seconds=1))
    session.save()
    assert [line for address in PLACED for line in closed(client, octo, address)] == []


def test_somebody_switched_off_is_out_at_once(client: Client, octo: Estate) -> None:
    client.force_login(octo.owner)
    suspension.suspend(user=octo.owner, by=None, even_sole_owner=True)
    closed_to = [address for address in ADDRESSES if not address.name.startswith((API, *SIGN_IN))]
    wrong = [
        line for address in closed_to if address.name not in PUBLIC for line in closed(client, octo, address)
    ]
    assert wrong == []
    # The session is gone, not asleep until the account is let in again.
    suspension.unsuspend(user=octo.owner, by=None)
    assert client.get("/settings").status_code == 302


def test_a_role_that_was_taken_is_gone_at_the_next_request(client: Client, octo: Estate) -> None:
    client.force_login(octo.biller)
    assert client.get("/enterprises/octo-corp").status_code == 200
    access.revoke(enterprise=octo.enterprise, user=octo.biller, by=octo.owner)
    assert client.get("/enterprises/octo-corp").status_code == 404


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_page_leads_to_another_site(client: Client, octo: Estate, place: str) -> None:
    octo.owner.set_password("plum-otter-41-birch")
    octo.owner.save()
    given = {"login": octo.owner.email, "password": "plum-otter-41-birch"}
    for url in ("/login/", "/logout/", "/reauthenticate/", "/language"):
        answer = client.post(url, {**given, "next": place, "language": "en"})
        assert "evil" not in answer.headers.get("Location", ""), url
        assert "javascript" not in answer.headers.get("Location", ""), url


def test_no_form_is_taken_without_its_token(octo: Estate) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(octo.owner)
    taken = []
    for address in ADDRESSES:
        if address.name.startswith(API):
            continue
        status = ask(client, "POST", url_of(address, octo)).status_code
        if status not in (403, 404, 405):
            taken.append((address.name, status))
    assert taken == []
