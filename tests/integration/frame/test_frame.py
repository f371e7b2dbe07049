"""The frame of every page: headers, languages, sign-in, errors."""

from contextlib import closing
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from ghconnect import context
from ghconnect.access import Place
from ghconnect.middleware import ViewerMiddleware
from ghconnect.models import Enterprise, Membership, Role, Server, User

pytestmark = pytest.mark.django_db
PASSWORD = "plum-otter-41"


@pytest.fixture
def mona() -> User:
    return User.objects.create_user("mona@octo-corp.example", "mona", PASSWORD, name="Mona Lisa")


def test_every_response_limits_what_a_page_may_load(client: Client) -> None:
    headers = client.get("/about").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "private, no-store"


def test_static_files_may_be_kept(client: Client) -> None:
    with closing(client.get("/static/app.css")) as file:
        assert "no-store" not in file.headers["Cache-Control"]


def test_no_page_of_the_frame_has_inline_script_or_style(client: Client) -> None:
    for address in ("/about", "/login/", "/password/reset/", "/nowhere"):
        html = client.get(address).content.decode()
        assert " style=" not in html
        assert "<style" not in html
        assert " onclick=" not in html
        assert "<script>" not in html


def test_a_request_id_of_a_proxy_is_kept_and_nonsense_is_not(client: Client) -> None:
    assert (
        client.get("/about", headers={"x-request-id": "edge-12345678"}).headers["X-Request-Id"]
        == "edge-12345678"
    )
    assert len(client.get("/about", headers={"x-request-id": "a b"}).headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("name", ["mona", "mona@octo-corp.example", "MONA@octo-corp.example"])
def test_a_person_signs_in_by_short_name_or_email(client: Client, mona: User, name: str) -> None:
    client.post("/login/", {"login": name, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(mona.pk)


def test_whoever_guesses_behind_a_proxy_keeps_nobody_else_out(
    client: Client, mona: User, settings: Settings
) -> None:
    cache.clear()
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for n in range(12):
        guess = {"login": f"nobody{n}", "password": "x"}
        answer = client.post("/login/", guess, headers={"x-forwarded-for": f"10.0.0.{n}, 203.0.113.9"})
    assert "Too many failed" in answer.content.decode()
    good = {"login": "mona", "password": PASSWORD}
    assert client.post("/login/", good, headers={"x-forwarded-for": "203.0.113.10"}).status_code == 302
    cache.clear()


@pytest.mark.parametrize("name", ["mona", "mona@octo-corp.example"])
def test_a_wrong_password_is_told_in_the_words_of_the_form(client: Client, mona: User, name: str) -> None:
    page = client.post("/login/", {"login": name, "password": "wrong"}).content.decode()
    assert "This name or email and this password do not belong together." in page
    assert "Enterprise owners invite people." in page


def test_nobody_signs_up(client: Client) -> None:
    answer = client.post(
        "/signup/",
        {"email": "eve@octo-corp.example", "username": "eve", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert "There is no sign-up" in answer.content.decode()
    assert not User.objects.exists()


def test_signing_out_takes_a_post(client: Client, mona: User) -> None:
    client.force_login(mona)
    client.get("/logout/")
    assert "_auth_user_id" in client.session
    client.post("/logout/")
    assert "_auth_user_id" not in client.session


def test_the_browser_decides_the_language_until_somebody_chooses(client: Client) -> None:
    assert "サインイン" in client.get("/login/", headers={"accept-language": "ja"}).content.decode()
    client.post("/language", {"language": "ja", "next": "/login/"})
    assert '<html lang="ja"' in client.get("/login/", headers={"accept-language": "en"}).content.decode()


def test_a_chosen_language_stays_with_the_person(client: Client, mona: User) -> None:
    client.force_login(mona)
    client.post("/language", {"language": "ja", "next": "/about"})
    elsewhere = Client()
    elsewhere.force_login(mona)
    page = elsewhere.get("/about", headers={"accept-language": "en"})
    assert page.headers["Content-Language"] == "ja"
    assert "このコンソールについて" in page.content.decode()


def test_a_language_nobody_speaks_here_is_not_kept(client: Client, mona: User) -> None:
    client.force_login(mona)
    client.post("/language", {"language": "xx"})
    mona.refresh_from_db()
    assert mona.language == ""


def test_the_language_switch_leads_to_no_other_site(client: Client) -> None:
    answer = client.post("/language", {"language": "ja", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("zone", "shown"), [("Asia/Tokyo", "Asia/Tokyo"), ("Nowhere/Land", "UTC"), ("", "UTC")]
)
def test_times_are_in_the_persons_zone_for_the_request_alone(
    rf: RequestFactory, mona: User, zone: str, shown: str
) -> None:
    mona.time_zone = zone
    request = rf.get("/")
    request.user = mona
    seen = []

    def view(_request: object) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    ViewerMiddleware(view)(request)
    assert seen == [shown]
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "This page was not found"), ("ja", "ページが見つかりません")]
)
def test_an_address_that_leads_nowhere_says_what_to_do(client: Client, language: str, words: str) -> None:
    page = client.get("/nowhere", headers={"accept-language": language})
    assert page.status_code == 404
    assert words in page.content.decode()


def test_a_form_from_another_site_changes_nothing_and_says_so(mona: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mona)
    page = client.post("/language", {"language": "ja"})
    assert page.status_code == 403
    assert "This form is no longer valid" in page.content.decode()
    mona.refresh_from_db()
    assert mona.language == ""


def test_a_host_we_do_not_serve_is_told_what_to_do(client: Client) -> None:
    page = client.get("/about", headers={"host": "evil.example"})
    assert page.status_code == 400
    assert "ALLOWED_HOSTS" in page.content.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Something failed here"), ("ja", "問題が発生しました")]
)
def test_the_page_of_last_resort_needs_no_database(
    django_assert_num_queries: object, language: str, words: str
) -> None:
    with translation.override(language), django_assert_num_queries(0):  # type: ignore[operator]
        assert words in get_template("500.html").render()


def place(role: str, mona: User, *, offset: timedelta = timedelta()) -> Place:
    enterprise = Enterprise.objects.create(
        slug="octo-corp", name="Octo Corp", sandbox=True, clock_offset=int(offset.total_seconds())
    )
    Membership.objects.create(user=mona, enterprise=enterprise, role=role)
    server = Server.objects.create(enterprise=enterprise, host="ghe-tokyo.octo-corp.example")
    return Place(enterprise, role, server)


def shown_at(rf: RequestFactory, mona: User, where: Place) -> str:
    request = rf.get("/")
    request.user = mona
    request.place = where  # type: ignore[attr-defined]
    return get_template("base.html").render({}, request)


def test_a_page_of_a_server_names_enterprise_and_server_and_the_sandbox(
    rf: RequestFactory, mona: User
) -> None:
    html = shown_at(rf, mona, place(Role.OWNER, mona))
    assert "Octo Corp" in html
    assert "ghe-tokyo" in html
    assert "Sandbox. octo-corp and its servers are pretend" in html
    assert "Enterprise owner" in html
    assert reverse("account_logout") in html


def test_the_pages_of_a_sandbox_live_in_its_own_time(rf: RequestFactory, mona: User) -> None:
    request = rf.get("/")
    request.user = mona
    request.place = place(Role.OWNER, mona, offset=timedelta(days=7))  # type: ignore[attr-defined]
    ahead = context.place(request)["now"] - timezone.now()
    assert timedelta(days=6, hours=23) < ahead < timedelta(days=7, hours=1)


def test_a_page_outside_any_enterprise_has_no_tabs_and_no_search(client: Client, mona: User) -> None:
    client.force_login(mona)
    html = client.get("/about").content.decode()
    assert "UnderlineNav" not in html
    assert 'role="search"' not in html
    assert "Account menu for mona" in html


@pytest.mark.parametrize(
    ("choice", "attributes"),
    [
        (
            "auto",
            'data-color-mode="auto" data-light-theme="light" data-dark-theme="dark" data-contrast="auto"',
        ),
        ("dark", 'data-color-mode="dark" data-light-theme="light" data-dark-theme="dark"'),
        (
            "light_high_contrast",
            'data-color-mode="light" data-light-theme="light_high_contrast" data-dark-theme="dark"',
        ),
        (
            "dark_high_contrast",
            'data-color-mode="dark" data-light-theme="light" data-dark-theme="dark_high_contrast"',
        ),
    ],
)
def test_a_person_chooses_the_colours(client: Client, mona: User, choice: str, attributes: str) -> None:
    mona.appearance = choice
    mona.save()
    client.force_login(mona)
    assert f'<html lang="en" {attributes}' in client.get("/about").content.decode()
