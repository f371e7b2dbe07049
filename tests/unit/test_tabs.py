"""Which tabs stand in the bar, for whom, and which is the current one."""

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from ghconnect import tabs
from ghconnect.access import Place
from ghconnect.models import Enterprise, Role, Server


def page(_request: HttpRequest, **_kwargs: str) -> HttpResponse:
    return HttpResponse()


SERVER = "enterprises/<slug:slug>/servers/<str:host>"
urlpatterns = [
    path("enterprises/<slug:slug>/settings", page, name="enterprise_settings"),
    path("enterprises/<slug:slug>/settings/github", page, name="settings_github"),
    path(f"{SERVER}/github-connect", page, name="server_connect"),
    path(f"{SERVER}/settings", page, name="server_settings"),
]
HERE = "/enterprises/octo-corp"
pytestmark = pytest.mark.usefixtures("addresses")


@pytest.fixture
def addresses() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def place(role: str, *, server: bool = True) -> Place:
    enterprise = Enterprise(slug="octo-corp", name="Octo Corp")
    return Place(
        enterprise, role, Server(enterprise=enterprise, host="ghe-tokyo.example") if server else None
    )


def keys(links: list[tabs.Link]) -> list[str]:
    return [link.key for link in links]


def test_inside_a_server_the_bar_is_the_servers() -> None:
    links = tabs.bar(place(Role.OWNER), f"{HERE}/servers/ghe-tokyo.example/github-connect")
    assert keys(links) == ["connect", "settings"]
    assert [link.current for link in links] == [True, False]


def test_a_billing_manager_sees_no_tab_that_would_not_open() -> None:
    assert keys(tabs.bar(place(Role.BILLING_MANAGER), "/")) == ["connect"]
    assert tabs.settings_pages(place(Role.BILLING_MANAGER, server=False), "/") == []


def test_a_page_that_is_not_installed_has_no_tab() -> None:
    assert keys(tabs.settings_pages(place(Role.OWNER, server=False), "/")) == ["profile", "github"]


def test_the_closest_parent_is_current() -> None:
    links = tabs.settings_pages(place(Role.OWNER, server=False), f"{HERE}/settings/github/token")
    assert [link.key for link in links if link.current] == ["github"]


def test_a_longer_name_is_no_parent() -> None:
    links = [tabs.Link("users", "people", "Users", "/users")]
    assert not tabs.mark_current(links, "/users-of-another")[0].current


def test_tabs_stand_in_order_with_their_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "_enterprise", {})
    tabs.register_enterprise_tab("last", "gear", "Last", "enterprise_settings", 90, {Role.OWNER})
    tabs.register_enterprise_tab(
        "first", "plug", "First", "settings_github", 10, {Role.OWNER}, lambda _place: 6
    )
    links = tabs.bar(place(Role.OWNER, server=False), "/")
    assert [(link.key, link.count) for link in links] == [("first", 6), ("last", None)]
