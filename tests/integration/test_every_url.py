"""Every address of the project, whoever asks: denied unless it says otherwise, hidden rather than forbidden.

Addresses come from the URLconf, so that a new page is walked from its first day. A page that anybody may
open is named in PUBLIC; one that only owners may open, in OWNERS.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from ghconnect.models import Role, User
from ghconnect.usecases import servers
from licensing.models import Person, SyncRun
from licensing.usecases import runs
from tests.support import estate as estates
from tests.support.estate import Estate

# One test walks all addresses, which takes a while where much else runs.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READING = ("GET", "HEAD", "OPTIONS")
# What anybody may ask: health, words; doors of the API (`api_…`) look at tokens, not at who is signed in.
# Sign-in is allauth's, which sends people away by itself.
PUBLIC = {
    "about",
    "health_live",
    "health_ready",
    "healthz",
    "invitation",
    "metrics",
    "readyz",
    "set_language",
}
API = "api_"
SIGN_IN = ("account_", "mfa_", "socialaccount_", "github_", "openid_connect_")
# What of sign-in shows something to whoever is not signed in.
SIGN_IN_PUBLIC = {
    "account_inactive",
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    # They say that it did not work; or that no such provider is set here.
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "github_callback",
    "openid_connect_callback",
}
# PRODUCT §5.2, column "who", and the deeds of the pages there.
OWNERS = {
    "settings_token_revoke",
    "counted_twice_decide",
    "counted_twice_exclude",
    "person_erase",
    "connect_enable",
    "connect_disable",
    "feature_switch",
    "invitation_cancel",
    "role",
    "role_remove",
    "server_new",
    "server_push",
    "server_push_revoke",
    "server_push_script",
    "server_remove",
    "server_sync_now",
    "server_token_delete",
    "settings_alerts",
    "start_again",
    "upload",
}
# What auditors read beside owners, and nobody else.
OVERSEERS = {
    "settings_domains",
    "settings_domains_csv",
    "settings_sources",
    "settings_tokens",
    "counted_twice",
    "counted_twice_csv",
    "enterprise_settings",
    "server_settings",
    "server_users",
    "settings_audit_log",
    "audit_log_csv",
    "audit_log_json",
    "settings_github",
    "settings_people",
    "settings_security",
}
# A POST that asks and changes nothing: addresses are sent in the body so that no log keeps them.
ONLY_ASK = {"check"}
# What anybody keeps for themselves alone.
OWN = {"saved_views"}
# What a pretend enterprise alone has.
SANDBOX = {"start_again"}


@dataclass(frozen=True)
class Address:
    """One pattern of the URLconf."""

    name: str
    pattern: URLPattern
    # Of the patterns it is included below, too.
    parameters: frozenset[str]

    @property
    def roles(self) -> frozenset[Role] | None:
        found: frozenset[Role] | None = getattr(self.pattern.callback, "roles", None)
        return found

    @property
    def placed(self) -> bool:
        return "slug" in self.parameters


def walk(resolver: URLResolver, above: frozenset[str] = frozenset()) -> Iterator[Address]:
    for each in resolver.url_patterns:
        here = above | set(each.pattern.regex.groupindex)
        if isinstance(each, URLResolver):
            assert isinstance(each.pattern, RoutePattern)
            yield from walk(each, here)
        else:
            assert each.name, f"{each.pattern} needs a name"
            yield Address(each.name, each, here)


ADDRESSES = sorted(walk(get_resolver()), key=lambda address: address.name)
PLACED = [address for address in ADDRESSES if address.placed]


# A browser to ask one address with; it fails by itself, and what it changed is undone: one estate is enough for all.
Each = Callable[[Address], AbstractContextManager[Client]]


@pytest.fixture
def each(subtests: pytest.Subtests) -> Each:
    @contextmanager
    def one(address: Address) -> Iterator[Client]:
        with subtests.test(address=address.name), transaction.atomic():
            yield Client()
            transaction.set_rollback(True)

    return one


@pytest.fixture
def octo() -> Estate:
    made = estates.estate()
    estates.connected(made.server)
    server = made.server
    servers.change(server=server, by=made.owner, way_in="pull")
    server.refresh_from_db()
    runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL, by=made.owner)
    runs.request(subject=made.enterprise, trigger=SyncRun.Trigger.MANUAL, by=made.owner)
    return made


@pytest.fixture
def stranger() -> User:
    """Return the owner of another enterprise, which has a server and a run too."""
    return estates.estate("acme", "ghe.acme.example").owner


def samples(octo: Estate) -> dict[str, Any]:
    """Return a value for every parameter an address may have."""
    person = Person.objects.filter(enterprise=octo.enterprise).first()
    return {
        "slug": octo.enterprise.slug,
        "host": octo.server.host,
        "key": estates.KEY,
        "chart": "licenses",
        "login": octo.biller.login,
        "number": 1,
        "enterprise": octo.enterprise.slug,
        "rest": "v3/nowhere",
        "id": person.pk if person else 1,
        "ending": "csv",
        "pk": person.pk if person else 1,
        "uidb36": "1",
        "secret": "no-such-invitation",
        "provider_id": "sso",
        "day": "2026-03-02",
        "fingerprint": "0" * 32,
        "saved": 1,
        "invitation": 1,
        "part": "server",
    }


def url_of(address: Address, octo: Estate, **other: Any) -> str:
    values = {**samples(octo), **other}
    unknown = address.parameters - values.keys()
    assert not unknown, f"{address.name}: give a sample of {unknown} in this test"
    return reverse(address.name, kwargs={name: values[name] for name in address.parameters})


def ask(client: Client, method: str, url: str) -> HttpResponseBase:
    answer: HttpResponseBase = client.generic(method, url)
    return answer


def body(answer: HttpResponseBase, url: str) -> str:
    """Return what a 404 says, without what names the address or differs at each asking."""
    text = getattr(answer, "content", b"").decode().replace(url, "")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


def test_nobody_who_is_not_signed_in_gets_in(octo: Estate, each: Each) -> None:
    for address in ADDRESSES:
        if not address.name.startswith(SIGN_IN):
            with each(address) as client:
                _is_closed_to_nobody_or_public(client, address, url_of(address, octo))


def _is_closed_to_nobody_or_public(client: Client, address: Address, url: str) -> None:
    for method in METHODS:
        answer = ask(client, method, url)
        closed = answer.status_code == 302 and answer.headers["Location"].startswith("/login/?next=")
        assert closed != (address.name in PUBLIC or address.name.startswith(API)), (
            f"{method} {url}: {answer.status_code}"
        )


def test_what_is_for_whoever_signed_in_sends_others_to_sign_in(octo: Estate, each: Each) -> None:
    for address in ADDRESSES:
        if address.name.startswith(SIGN_IN):
            with each(address) as client:
                url = url_of(address, octo)
                for method in ("GET", "HEAD"):
                    answer = ask(client, method, url)
                    assert address.name in SIGN_IN_PUBLIC or answer.status_code in (302, 404), (
                        f"{method} {url}"
                    )


@pytest.mark.parametrize("address", PLACED, ids=lambda address: address.name)
def test_who_may_open_it_is_said(address: Address) -> None:
    assert address.roles is not None, f"{address.name}: decorate the view with @reader or @owner"
    if address.name in OWNERS:
        assert address.roles == {Role.OWNER}
    if address.name in OVERSEERS:
        assert address.roles == {Role.OWNER, Role.AUDITOR}


def test_the_owner_of_another_enterprise_cannot_tell_that_it_exists(
    octo: Estate, stranger: User, each: Each
) -> None:
    for address in PLACED:
        with each(address) as client:
            client.force_login(stranger)
            url, missing = url_of(address, octo), url_of(address, octo, slug="octo-none")
            for method in METHODS:
                there, nowhere = ask(client, method, url), ask(client, method, missing)
                assert (there.status_code, nowhere.status_code) == (404, 404), f"{method} {url}"
                assert body(there, url) == body(nowhere, missing)


def test_a_server_of_another_enterprise_is_not_reached_by_ones_own(
    octo: Estate, stranger: User, each: Each
) -> None:
    for address in PLACED:
        if "host" in address.parameters:
            with each(address) as client:
                client.force_login(stranger)
                url = url_of(address, octo, slug="acme")
                for method in METHODS:
                    assert ask(client, method, url).status_code == 404, f"{method} {url}"


def test_a_billing_manager_reads_what_is_for_billing_managers_and_changes_nothing(
    octo: Estate, each: Each
) -> None:
    for address in PLACED:
        with each(address) as client:
            client.force_login(octo.biller)
            _is_only_read(client, address, url_of(address, octo))


def _is_only_read(client: Client, address: Address, url: str) -> None:
    may = address.roles is not None and Role.BILLING_MANAGER in address.roles
    for method in METHODS:
        answer = ask(client, method, url)
        if not may:
            assert answer.status_code == 404, f"{method} {url}"
        elif method not in READING and address.name not in ONLY_ASK | OWN:
            assert answer.status_code in (404, 405), f"{method} {url} changes something, or may"


def test_an_owner_may_ask_for_everything(octo: Estate, each: Each) -> None:
    for address in PLACED:
        with each(address) as client:
            client.force_login(octo.owner)
            answer = ask(client, "GET", url_of(address, octo))
            there = {"pk"}.isdisjoint(address.parameters) and address.name not in SANDBOX
            assert answer.status_code in ({200, 302, 405} if there else {200, 302, 404, 405})


def test_what_belongs_to_no_enterprise_names_none(octo: Estate, stranger: User, each: Each) -> None:
    for address in ADDRESSES:
        if not address.placed:
            with each(address) as client:
                _names_no_enterprise(client, stranger, url_of(address, octo))


def _names_no_enterprise(client: Client, stranger: User, url: str) -> None:
    for method in ("GET", "POST"):
        client.force_login(stranger)
        answer = ask(client, method, url)
        text = body(answer, url)
        assert answer.status_code < 500
        assert "octo-corp" not in text.replace("owner-of-acme@octo-corp.example", "")
        if answer.status_code == 302:
            assert "octo-corp" not in answer.headers["Location"]


def test_a_person_without_any_role_sees_no_enterprise(client: Client, octo: Estate) -> None:
    client.force_login(estates.person("nobody"))
    assert b"You have no enterprise here yet" in client.get("/enterprises").content
    assert client.get("/").headers["Location"] == "/enterprises"


def test_the_operator_sees_no_people_of_an_enterprise(client: Client, octo: Estate) -> None:
    client.force_login(estates.person("root", operator=True))
    for address in PLACED:
        assert ask(client, "GET", url_of(address, octo)).status_code == 404


def test_an_address_with_a_slash_at_its_end_is_another_address(client: Client, octo: Estate) -> None:
    client.force_login(octo.owner)
    for address in PLACED:
        assert client.get(url_of(address, octo) + "/").status_code == 404
