"""A search finds the same licenses whether its list is walked or gathered, and its number is that of its lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory

from ghconnect import paging
from ghconnect.models import Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity
from licensing import facets, given_up, licenses, search, walks
from licensing.models import FacetCounts
from licensing.usecases import by_edition, facet_counts
from tests.integration.engine import drive

from .conftest import OSAKA, TOKYO

PEOPLE = 24
TYPED = (
    *("n1", "u2 server:ghe-tokyo", "n1 -is:suspended", f"server:{TOKYO} org:octo", "is:both matched-by:saml"),
    *(
        "-server:ghe-osaka",
        "-verdict:agreed",
        "org:octo -org:side",
        "is:suspended org:octo",
        "matched-by:nobody",
    ),
    *(
        f"server:{TOKYO} server:{OSAKA}",
        "type:vss",
        "email:p1",
        "role:owner is:cloud",
        f"-is:both server:{TOKYO}",
    ),
)


@pytest.fixture
def crowd(octo: Enterprise, tokyo: Server) -> Enterprise:
    """People of every kind; names are given crosswise, so that neither servers nor kinds are spread like names."""
    rows, identities = [], []
    for n in range(PEOPLE):
        name, email = f"N{n * 7 % PEOPLE:02}", f"p{n}@octo.example"
        orgs = ("octo:Member",) if n % 4 else ("side:Owner",)
        facts: dict[str, Any] = {"github_com_name": name, "github_com_member_roles": orgs}
        if n % 3:
            ids = [f"{TOKYO}:{n}"] if n % 3 == 1 else [f"{TOKYO}:{n}", f"{OSAKA}:{n}"]
            rows.append(drive.row(f"c{n}" if n % 5 else "", ids, [email], **facts))
        elif n % 2:
            rows.append(drive.row(f"c{n}", github_com_enterprise_roles=("owner",), **facts))
        identities += [Identity(f"c{n}", SAML_NAME_ID, email)] if n % 5 else []
    drive.read_cloud(
        octo, rows, [one for one in identities if one.login in {r.github_com_login for r in rows}]
    )
    for at in (tokyo, drive.server(octo, OSAKA)):
        here = range(1, PEOPLE, 1 if at == tokyo else 2)
        drive.read_server(at, [drive.account(n, f"p{n}@octo.example", suspended=n % 6 == 0) for n in here])
    octo.refresh_from_db()
    return octo


def pages(
    asked: walks.Search, order: tuple[str, ...], url: str = "", *, counted: bool = True
) -> Iterator[paging.Page[Any]]:
    """Turn over the pages of a search, to the end."""
    page = asked.page(RequestFactory().get(f"/{url}"), order, size=5, counted=counted)
    yield page
    if page.next_url:
        yield from pages(asked, order, page.next_url, counted=counted)


def numbers(turned: Iterable[paging.Page[Any]]) -> list[int]:
    return [row.pk for page in turned for row in page.rows]


def searches(of: Enterprise) -> Iterator[walks.Search]:
    """Every choice of a menu, and some that are put together, in each view, with what is held of them."""
    held = facets.of(of)
    assert held.counts.keys() == set(licenses.VIEWS)
    for view in licenses.VIEWS:
        for query in (*facets.choices(of), *map(search.parse, TYPED)):
            yield walks.Search(of, view, query, held)


def test_walked_and_gathered_are_the_same_licenses(
    crowd: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "FURTHEST", 8)
    assert facet_counts.count(enterprise=crowd)
    walked = worded = 0
    for asked, sign in zip(searches(crowd), itertools.cycle(["", "-", ""]), strict=False):
        order = tuple(sign + name for name in licenses.ORDER)
        plain = licenses.found(crowd, asked.view, asked.query).order_by(*order)
        wanted, told = list(plain.values_list("pk", flat=True)), f"{asked.view} {asked.query} {order}"
        for counted in (False, True, True):  # what words found the second time is known the third
            again = replace(asked)
            assert numbers(pages(again, order, counted=counted)) == wanted, told
            assert not counted or again.count() == walks.Count(len(wanted)), told
            worded += bool(again.query.words) and again.walks
        assert asked.count() == replace(asked, facets=facets.Facets()).count() == walks.Count(len(wanted)), (
            told
        )
        walked += asked.walks
    assert walked > 40
    assert worded > 8


def test_pages_go_back_as_they_went_on(crowd: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "FURTHEST", 4)
    facet_counts.count(enterprise=crowd)
    for typed in ("org:octo", "p"):
        asked = walks.Search(crowd, licenses.EXPECTED, search.parse(typed), facets.of(crowd))
        forth = list(pages(asked, licenses.ORDER))
        back, url = [forth[-1]], forth[-1].previous_url
        while url:
            back.append(asked.page(RequestFactory().get(f"/{url}"), licenses.ORDER, size=5, counted=True))
            url = back[-1].previous_url
        assert len(forth) > 3
        assert numbers(reversed(back)) == numbers(forth)


def test_what_is_held_is_of_its_edition_alone(crowd: Enterprise, tokyo: Server, owner: Client) -> None:
    assert facet_counts.dispatch() == 1
    assert facet_counts.count_id(crowd.pk)
    assert not facet_counts.count_id(crowd.pk)  # nothing was published since
    assert facet_counts.dispatch() == 0
    view, query = licenses.EXPECTED, search.parse(f"server:{TOKYO}")
    before = facets.of(crowd).count(view, query)
    drive.read_server(tokyo, [drive.account(n, f"p{n}@octo.example") for n in range(1, PEOPLE + 3)])
    crowd.refresh_from_db()
    assert facets.of(crowd).count(view, query) is None
    found = licenses.found(crowd, view, query).count()
    page = owner.get("/enterprises/octo/licensing/consumed", {"q": f"server:{TOKYO}", "view": view})
    assert before != found
    assert f"{found} of " in page.getvalue().decode()
    with by_edition.alone(facet_counts.TASK, crowd.pk):
        assert not facet_counts.count_id(crowd.pk)
    assert facet_counts.count_id(crowd.pk)
    assert (
        facets.of(crowd).count(view, query)
        == found
        == walks.Search(crowd, view, query, facets.of(crowd)).count().n
    )


def test_what_kills_its_worker_each_time_is_given_up_until_the_next_publication(
    crowd: Enterprise, tokyo: Server
) -> None:
    name, dead = f"{facet_counts.TASK}:{crowd.pk}", []
    for _ in range(by_edition.TRIES):
        assert facet_counts.dispatch() == 1
        dead.append(by_edition.alone(facet_counts.TASK, crowd.pk))  # a worker that never comes to its end
        dead[-1].__enter__()
        assert not facet_counts.count_id(crowd.pk)
        cache.delete(name)  # ten minutes later
    assert (facet_counts.dispatch(), facet_counts.count_id(crowd.pk)) == (0, False)
    assert "interrupted 5 times" in " ".join(found.words for found in given_up.findings())
    drive.read_server(tokyo, [drive.account(n, f"p{n}@octo.example") for n in range(1, PEOPLE + 3)])
    assert (facet_counts.dispatch(), facet_counts.count_id(crowd.pk)) == (1, True)
    assert "interrupted" not in " ".join(found.words for found in given_up.findings())


def test_a_number_that_is_held_is_said_whole(
    crowd: Enterprise, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "COUNT_LIMIT", 3)
    address, asked = "/enterprises/octo/licensing/consumed", {"q": f"server:{TOKYO}", "view": "expected"}
    assert "3+ of " in owner.get(address, asked).getvalue().decode()
    facet_counts.count(enterprise=crowd)
    whole = FacetCounts.objects.get(enterprise=crowd).counts["expected"][f"server:{TOKYO}"][0]
    assert whole > 3
    assert f"{whole} of " in owner.get(address, asked).getvalue().decode()
