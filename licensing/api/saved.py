"""Searches under a name that everybody of the enterprise has, for scripts; a person's own are the person's alone."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect import paging
from ghconnect.api import auth
from ghconnect.api.answers import changed, paged, tagged
from ghconnect.api.auth import refuse
from ghconnect.api.console import ADMIN, READ, enterprise_of
from ghconnect.api.shapes import CHANGES, CONFLICTS, PROBLEMS, Cursor, Paged, Size
from ghconnect.models import Enterprise
from licensing.models import SavedView
from licensing.usecases import saved_views

router = Router(tags=["console"])
ALL, ONE = "/saved-views", "/saved-views/{saved}"
LARGEST = 2**63 - 1


class Saved(Schema):
    """A search by name; `query` is that of the list's address: `q`, `view`, `sort`, `as_of`."""

    id: int
    name: str
    query: str


class AllSaved(Paged):
    """Shared searches, by name."""

    items: list[Saved]


class SavedWish(Schema):
    """A name and what it finds. Another shared search of this name is replaced."""

    name: str = Field(min_length=1, max_length=80)
    query: str = Field(min_length=1, max_length=saved_views.LONGEST)
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Tokyo", "query": "q=server:ghe-tokyo"}]}
    )


class SavedName(Schema):
    """Another name."""

    name: str = Field(min_length=1, max_length=80)
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Tokyo, all"}]})


@router.get(ALL, auth=READ, response={200: AllSaved, **PROBLEMS})
def saved_views_list(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List the shared searches. Scope read:enterprise."""
    page = paging.of(request, _shared(enterprise_of(request)), "name", "id", size=limit)
    return paged(request, page, [_told(view) for view in page.rows])


@router.post(ALL, auth=ADMIN, response={200: Saved, **CONFLICTS})
def saved_view_keep(request: HttpRequest, body: SavedWish) -> HttpResponse:
    """Keep a search for everybody under a name. Scope admin:connect."""
    try:
        view = saved_views.save(
            enterprise=enterprise_of(request), name=body.name, query=body.query, shared=True, by=None
        )
    except saved_views.Refused:
        raise _refused() from None
    return changed(_told(view))


@router.get(ONE, auth=READ, response={200: Saved, **PROBLEMS})
def saved_view(request: HttpRequest, saved: int) -> HttpResponse:
    """Tell a shared search. Scope read:enterprise."""
    return tagged(request, _told(_find(enterprise_of(request), saved)))


@router.patch(ONE, auth=ADMIN, response={200: Saved, **CHANGES})
def saved_view_rename(request: HttpRequest, saved: int, body: SavedName) -> HttpResponse:
    """Give a shared search another name. Scope admin:connect."""
    with transaction.atomic():
        view = _held(request, saved)
        try:
            saved_views.rename(view=view, name=body.name, by=None)
        except saved_views.Refused:
            raise _refused() from None
    return changed(_told(view))


@router.delete(ONE, auth=ADMIN, response={204: None, **CHANGES})
def saved_view_delete(request: HttpRequest, saved: int) -> HttpResponse:
    """Forget a shared search. Scope admin:connect."""
    with transaction.atomic():
        saved_views.delete(view=_held(request, saved), by=None)
    return HttpResponse(status=204)


def _held(request: HttpRequest, saved: int) -> SavedView:
    """Hold the search while it is compared with If-Match and changed; raises Denied (412)."""
    enterprise = enterprise_of(request)
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    view = _find(enterprise, saved)
    auth.as_asked(request, _told(view))
    return view


def _shared(enterprise: Enterprise) -> QuerySet[SavedView]:
    return SavedView.objects.filter(enterprise=enterprise, user=None)


def _find(enterprise: Enterprise, saved: int) -> SavedView:
    view = _shared(enterprise).filter(pk=saved).first() if 0 < saved <= LARGEST else None
    if view is None:
        raise Http404
    return view


def _refused() -> auth.Denied:
    words = _("Not saved: it needs a search, and a name that no other view has.")
    return refuse(422, "not_saved", words)


def _told(view: SavedView) -> dict[str, Any]:
    return {"id": view.pk, "name": view.name, "query": view.query}
