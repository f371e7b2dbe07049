"""Searches under a name: one's own, and those owners share."""

import pytest
from django.test import Client

from ghconnect.models import AuditEvent, Enterprise
from licensing.models import SavedView

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PAGE = "/enterprises/octo/licensing/saved-views"
LIST = "/enterprises/octo/licensing/consumed"


def save(client: Client, name: str, query: str, **more: str) -> str:
    given = {"deed": "save", "name": name, "query": query, **more}
    return client.post(PAGE, given, follow=True).content.decode()


def test_a_search_is_saved_listed_renamed_and_deleted(estate: Enterprise, owner: Client) -> None:
    assert "Save this view" in owner.get(f"{LIST}?q=is:server&after=x").content.decode()
    assert "Save this view" in owner.get(f"{PAGE}?q=is:server").content.decode()
    save(owner, " On  servers ", "view=expected&q=is%3Aserver&after=x&nonsense=1")
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("On servers", "view=expected&q=is%3Aserver")
    page = owner.get(LIST).content.decode()
    assert f'href="{LIST}?view=expected&amp;q=is%3Aserver"' in page
    assert "eve" in owner.get(f"{LIST}?{view.query}").content.decode()
    owner.post(PAGE, {"deed": "rename", "saved": view.pk, "name": "Servers"})
    assert "Servers" in owner.get(PAGE).content.decode()
    owner.post(PAGE, {"deed": "delete", "saved": view.pk})
    assert not SavedView.objects.exists()
    told = AuditEvent.objects.filter(action__startswith="saved_view.").values_list("action", flat=True)
    assert list(told.order_by("pk")) == ["saved_view.saved", "saved_view.renamed", "saved_view.deleted"]


def test_the_same_name_is_one_view_and_no_search_is_none(estate: Enterprise, owner: Client) -> None:
    save(owner, "A", "q=ann")
    save(owner, "A", "q=bob")
    assert SavedView.objects.get().query == "q=bob"
    for name, query in (("", "q=ann"), ("B", ""), ("B", "after=x")):
        assert "Not saved" in save(owner, name, query)
    save(owner, "B", "q=ann")
    one = SavedView.objects.get(name="B")
    refused = owner.post(PAGE, {"deed": "rename", "saved": one.pk, "name": "A"}, follow=True)
    assert "Not saved" in refused.content.decode()


def test_others_see_what_owners_share_and_nothing_else(
    estate: Enterprise, owner: Client, manager: Client, stranger: Client
) -> None:
    save(owner, "For all", "q=ann", shared="1")
    save(owner, "Mine", "q=bob")
    save(manager, "Finance", "q=cat", shared="1")
    page = manager.get(LIST).content.decode()
    assert "For all" in page
    assert "Mine" not in page
    assert SavedView.objects.get(name="Finance").user_id is not None
    assert "Finance" not in owner.get(PAGE).content.decode()
    for name in ("For all", "Mine"):
        there = {"deed": "delete", "saved": SavedView.objects.get(name=name).pk}
        assert manager.post(PAGE, there).status_code == 404
    assert stranger.post(PAGE, {"deed": "save", "name": "x", "query": "q=x"}).status_code == 404
    assert owner.post(PAGE, {"deed": "delete", "saved": "x"}).status_code == 404
