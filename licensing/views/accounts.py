"""Accounts of a server: the list, what is read of each and kept, and their export for this console."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Length
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, overseer, reader
from ghconnect.templatetags import ghconnect_ui as ui
from ghconnect.views.here import server_of
from licensing import account_export, both_times, diffs, listing, read_data, showing
from licensing.models import Account, Person, RunChunk, ServerPicture, SyncRun
from licensing.rules.fields import FIELDS

LONGEST_QUERY = 320
SAMPLE = 3


@overseer
@require_safe
def server_users(request: PlacedRequest) -> HttpResponseBase:
    """List the accounts as last read, each with its person and what GitHub's row says of it."""
    server, query = server_of(request), request.GET.get("q", "").strip()[:LONGEST_QUERY]
    page = paging.of(request, listing.accounts_of(server, query), "login", "id")
    picture = ServerPicture.objects.filter(server=server).first()
    people = Person.objects.in_bulk({account.person_id for account in page.rows if account.person_id})
    context = {
        "page": page,
        "rows": [_row(account, people.get(account.person_id or 0)) for account in page.rows],
        "q": query,
        "picture": picture,
        "times": both_times.of_server(server, picture),
    }
    return render(request, "licensing/users.html", context)


def _row(account: Account, person: Person | None) -> dict[str, Any]:
    return {
        "account": account,
        "person": person,
        "marks": marks(account),
        "verdict": listing.verdict_words(account.verdict, [account]),
    }


def marks(account: Account) -> list[str]:
    """Return what an account is marked with, as GitHub's words are (PRODUCT §6.1)."""
    facts = {
        _("suspended"): account.suspended,
        _("dormant"): account.dormant,
        _("never active"): account.never_active,
        _("site admin"): account.site_admin,
        _("tie"): account.tie,
    }
    return [words for words, holds in facts.items() if holds]


@reader
@require_safe
def server_data(request: PlacedRequest) -> HttpResponseBase:
    """Say which fields are read of each account and what for, show a few, and what is kept of the last report."""
    server = server_of(request)
    picture = ServerPicture.objects.filter(server=server).select_related("run").first()
    sample = Account.objects.filter(server=server, ended_edition=None).order_by("login", "id")[:SAMPLE]
    context = {
        "fields": [{"name": field_name(name), "field": name, "use": field_use(name)} for name in FIELDS],
        "sample": list(sample) if request.place.is_owner else [],
        "kept": _kept(picture.run) if picture and picture.run else [],
        "picture": picture,
        "columns": read_data.columns(),
    }
    return render(request, "licensing/data.html", context)


def field_name(name: str) -> str:
    """Name a field that is read."""
    words = diffs.field_words(name)
    return words[:1].upper() + words[1:]


def field_use(name: str) -> str:
    """Say what a field that is read is used for."""
    uses = {
        "remote_user_id": _(
            "Tells accounts apart, whatever their names; GitHub's own report names accounts by it."
        ),
        "login": _("To recognize the account; the login scim-admin consumes no license."),
        "email": _("GitHub's published rules join accounts by the primary email."),
        "suspended": _("A suspended account consumes no license."),
        "site_admin": _("Shown as a mark, so that the account this console reads with can be found."),
        "dormant": _("Shown as a mark: a dormant account consumes a license until it is suspended."),
        "never_active": _(
            "An account that never signed in may consume no license; the time itself is not kept."
        ),
        "created_at": _(
            "Tells an account from an earlier one with the same ID, on a server that was reinstalled."
        ),
    }
    return uses.get(name, "")


def _kept(run: SyncRun) -> list[tuple[str, str]]:
    """What the last published report was, and what is kept of it."""
    chunks = RunChunk.objects.filter(run=run).aggregate(size=Sum(Length("data")), n=Count("pk"))
    pairs = [
        (_("Report of"), ui.moment(run.observed_at)),
        (_("Read"), showing.size(run.bytes) if run.bytes else ""),
        (_("SHA-256 of the report"), run.sha256),
        (
            _("Kept of it"),
            _("{size}, compressed").format(size=showing.size(chunks["size"])) if chunks["n"] else "",
        ),
    ]
    return [(name, value) for name, value in pairs if value]


@overseer
@require_safe
def server_export(request: PlacedRequest) -> HttpResponseBase:
    """Stream the accounts as this console's own JSON."""
    server = server_of(request)
    answer = StreamingHttpResponse(
        account_export.lines(server), content_type="application/json; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{server.host}-accounts-for-ghconnect.json"'
    return answer
