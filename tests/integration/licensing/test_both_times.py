"""Both times on every figure: GitHub's and this console's, on every page and in every answer that counts licenses."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from licensing.models import CloudPicture, Edition, GitHubSync, Person, ServerPicture
from licensing.usecases import editions
from tests.integration.api.caller import V1, Script, token

from .conftest import TOKYO

pytestmark = pytest.mark.django_db
COUNTED = datetime(2026, 11, 20, 6, 1, tzinfo=UTC)
READ = datetime(2026, 11, 22, 7, 2, tzinfo=UTC)
SYNCED = datetime(2026, 11, 19, 8, 3, tzinfo=UTC)
# Of the page of a server GitHub's time is that of its own sync of the server, of the others that of its count.
PAGES = (
    "",
    "/licensing",
    "/licensing/consumed",
    "/licensing/consumed?view=expected",
    "/licensing/difference",
    "/licensing/difference?line=new_since",
    "/licensing/renewal",
    "/licensing/counted-twice",
    "/licensing/history",
    "/licensing/trends",
    "/licensing/people/{person}",
    "/servers/{host}/license",
)


@pytest.fixture
def dated(estate: Enterprise, tokyo: Server) -> Enterprise:
    """Every moment is one nobody else has."""
    estate.token = "t"
    estate.save()
    CloudPicture.objects.filter(enterprise=estate).update(counted_at=COUNTED, rows_at=COUNTED)
    ServerPicture.objects.filter(server=tokyo).update(last_success=READ, observed_at=READ, age_known=True)
    GitHubSync.objects.create(
        enterprise=estate,
        host=TOKYO,
        server=tokyo,
        date=SYNCED,
        status="success",
        newest=True,
        first_seen_at=SYNCED,
        checked_at=SYNCED,
    )
    editions.refresh_counts(estate)
    Edition.objects.filter(enterprise=estate).update(at=READ)
    return estate


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_figures_tells_both_times(dated: Enterprise, owner: Client, path: str) -> None:
    bob = Person.objects.get(enterprise=dated, sort__startswith="bob")
    page = owner.get(f"/enterprises/octo{path.format(person=bob.pk, host=TOKYO)}").content.decode()
    shown = {datetime.fromisoformat(at) for at in re.findall(r'<time datetime="([^"]+)"', page)}
    assert READ in shown
    assert {COUNTED, SYNCED} & shown
    if "/servers/" in path:
        box = page.split('id="user-licenses"')[1].split("</section>")[0]
        assert {at.isoformat() for at in (READ, SYNCED, COUNTED)} <= set(
            re.findall(r'datetime="([^"]+)"', box)
        )


def test_an_answer_with_figures_tells_both_times(dated: Enterprise, owner: Client) -> None:
    bob = Person.objects.get(enterprise=dated, sort__startswith="bob")
    script, github, console = Script(token(dated)), "2026-11-20T06:01:00Z", "2026-11-22T07:02:00Z"
    for path in (f"{V1}/people/{bob.pk}", f"/enterprises/octo/licensing/people/{bob.pk}.json"):
        told = script.json(path) if path.startswith(V1) else owner.get(path).json()
        assert told["as_of"] == {"github": github, "console": console}, path
    for path in (f"{V1}/bridge", f"{V1}/enterprise"):
        told = script.json(path)
        assert (told["counted_at"], told["console_at"]) == (github, console), path
    for ending in ("csv", "json", "xlsx"):
        text = owner.get(f"/enterprises/octo/licensing/consumed.{ending}").getvalue()
        if ending != "xlsx":  # a workbook is told of in test_lists
            assert github.encode() in text
            assert console.encode() in text
    day = json.loads(owner.get("/enterprises/octo/licensing/history.json").getvalue())
    assert (day["counted_at"], day["published_at"]) == (COUNTED.isoformat(), console)
