"""Pages by cursor: every row once, in both directions, whatever the address says."""

from urllib.parse import parse_qs

import pytest
from django.test import RequestFactory

from ghconnect import paging
from ghconnect.models import Enterprise

pytestmark = pytest.mark.django_db
SLUGS = ["a", "b", "c", "d", "e"]


@pytest.fixture(autouse=True)
def rows() -> None:
    # Two share a name: the second field tells them apart.
    for number, slug in enumerate(SLUGS):
        Enterprise.objects.create(slug=slug, name=f"Corp {number // 2}")


def page(rf: RequestFactory, url: str, *fields: str) -> paging.Page[Enterprise]:
    return paging.of(rf.get(f"/{url}"), Enterprise.objects.all(), *fields, size=2)


@pytest.mark.parametrize("fields", [("name", "id"), ("-name", "-id"), ("slug",), ("created_at", "id")])
def test_every_row_is_on_one_page_forwards_and_back(rf: RequestFactory, fields: tuple[str, ...]) -> None:
    forwards = [page(rf, "?q=corp", *fields)]
    assert forwards[0].previous_url == ""
    while url := forwards[-1].next_url:
        assert parse_qs(url[1:])["q"] == ["corp"]
        forwards.append(page(rf, url, *fields))
    seen = [[row.slug for row in each.rows] for each in forwards]
    wanted = SLUGS[::-1] if fields[0].startswith("-") else SLUGS
    assert [slug for slugs in seen for slug in slugs] == wanted
    backwards = [forwards[-1]]
    while url := backwards[-1].previous_url:
        backwards.append(page(rf, url, *fields))
    assert [[row.slug for row in each.rows] for each in reversed(backwards)] == seen


@pytest.mark.parametrize(
    "cursor", ["?after=WyJub3ciLDFd", "?after=WyIyMDI2LTExLTI0IiwxXQ==", "?after=WzEsMV0="]
)
def test_a_moment_nobody_made_leads_to_the_first_page(rf: RequestFactory, cursor: str) -> None:
    assert [row.slug for row in page(rf, cursor, "created_at", "id").rows] == SLUGS[:2]


@pytest.mark.parametrize(
    "cursor",
    [
        "?after=x",
        "?after=WyJhIl0=",
        "?before=W251bGwsbnVsbF0=",
        "?after=WyJhIiwiYiJd",
        "?after=WzEsMV0=",
        "?after=WyJcdWQ4MDAiLDFd",
    ],
)
def test_an_address_nobody_made_leads_to_the_first_page(rf: RequestFactory, cursor: str) -> None:
    assert [row.slug for row in page(rf, cursor, "name", "id").rows] == SLUGS[:2]


def test_a_list_of_one_page_has_no_links(rf: RequestFactory) -> None:
    found = paging.of(rf.get("/"), Enterprise.objects.all(), "slug", size=5)
    assert (found.previous_url, found.next_url) == ("", "")
    assert paging.of(rf.get("/"), Enterprise.objects.none(), "slug") == paging.Page([], "", "")
