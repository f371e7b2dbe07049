"""Settings, Alerts; and GitHub's sync history of a server."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from licensing.models import Alert, AlertReceiver, GitHubSync

from . import state

PAGE = "/enterprises/octo/settings/alerts"
HOOK = "https://hooks.example/services/T0/B0/abcdef"
DAY = timedelta(days=1)
GIVEN = {
    "deed": "save",
    "addresses": "ops@octo.example\n sec@octo.example ",
    "webhook_url": HOOK,
    "secret": "hush-hush",
    "events": ["attention.opened", "license_sync.failed"],
    "language": "ja",
    "near_percent": "90",
}


def test_an_owner_says_who_is_told(octo: Enterprise, owner: Client) -> None:
    assert owner.post(PAGE, GIVEN)["Location"] == PAGE
    page = state.text(owner, PAGE)
    assert "ops@octo.example\nsec@octo.example" in page
    assert "hooks.example" in page
    assert "abcdef" not in page and "hush-hush" not in page  # noqa: PT018
    assert octo.alerting.language == "ja"
    assert octo.alerting.near_percent == 90
    kept = AlertReceiver.objects.get(kind="webhook").target
    owner.post(PAGE, {**GIVEN, "webhook_url": "", "secret": "", "addresses": "ops@octo.example"})
    assert AlertReceiver.objects.get(kind="webhook").target == kept
    assert AlertReceiver.objects.filter(kind="mail").count() == 1
    owner.post(PAGE, {**GIVEN, "webhook_url": "", "webhook_remove": "on"})
    assert not AlertReceiver.objects.filter(kind="webhook").exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("webhook_url", "https://github.com/octo", "Alerts are never sent to GitHub"),
        ("webhook_url", "nowhere", "This is no address of a webhook"),
        ("addresses", "nobody", "This value cannot be kept."),
    ],
)
def test_a_wrong_value_is_said_on_its_field_and_nothing_is_kept(
    octo: Enterprise, owner: Client, field: str, value: str, words: str
) -> None:
    answer = owner.post(PAGE, {**GIVEN, field: value})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not AlertReceiver.objects.exists()


def test_a_test_alert_is_written_for_every_receiver(octo: Enterprise, owner: Client) -> None:
    owner.post(PAGE, {"deed": "test"})
    assert not Alert.objects.exists()
    owner.post(PAGE, GIVEN)
    owner.post(PAGE, {"deed": "test"})
    alert = Alert.objects.get()
    assert (alert.event, alert.deliveries.count()) == ("ping", 3)
    assert "テスト" in alert.text or "test" in alert.text


def test_github_s_syncs_with_the_gaps_and_the_rhythm(octo: Enterprise, tokyo: Server, owner: Client) -> None:
    now = timezone.now()
    for n in (4, 3, 2, 1, 0):
        state.at_github(octo, tokyo.host, date=now - n * 2 * DAY)
    url = f"/enterprises/octo/servers/{tokyo.host}/license/github-syncs"
    with CaptureQueriesContext(connection) as asked:
        page = state.text(owner, url)
    assert (
        len([one for one in asked if 'FROM "ghconnect_server"' in one["sql"]]) <= 3
    )  # not one for each sync
    assert page.count("2 days</td>") == 4
    assert page.count("Uploaded</span>") == 5
    assert "Usual gap</dt><dd>2 days</dd>" in page
    rows = list(csv.DictReader(owner.get(f"{url}.csv").content.decode().splitlines()))
    assert [row["days_since_previous"] for row in rows] == ["", "2.0", "2.0", "2.0", "2.0"]
    assert rows[-1]["status"] == "success"
    octo.token = "sealed"
    octo.save()
    GitHubSync.objects.update(date=None)
    GitHubSync.objects.filter(newest=True).update(date=now - 4 * DAY)
    assert "Uploaded 4 days ago" in state.text(owner, url)
