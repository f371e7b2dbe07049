"""The enterprise's own token on GitHub, for scripts: what is known of it, another in its place, a check now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect import wording
from ghconnect.github.errors import GitHubError
from ghconnect.models import Enterprise
from ghconnect.usecases import tokens

from .answers import changed, tagged
from .auth import refuse
from .console import ADMIN, OVERSEE, enterprise_of
from .shapes import CONFLICTS, PROBLEMS

router = Router(tags=["console"])
ONE = "/enterprise/token"


class EnterpriseToken(Schema):
    """What is known of the token, never the token; `scopes` and `expires_at` are null where GitHub does not say."""

    token: bool
    kind: str
    scopes: list[str] | None
    expires_at: str | None
    replaced_at: str | None
    checked_at: str | None
    checks: list[dict[str, Any]]


class NewEnterpriseToken(Schema):
    """A token of the enterprise account; it is sealed here and never told again."""

    token: str = Field(min_length=1, max_length=300)
    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "ghp_..."}]})


@router.get(ONE, auth=OVERSEE, response={200: EnterpriseToken, **PROBLEMS})
def enterprise_token(request: HttpRequest) -> HttpResponse:
    """Tell what is known of the token on GitHub. Scope read:enterprise, of an owner or auditor."""
    return tagged(request, _told(enterprise_of(request)))


@router.put(ONE, auth=ADMIN, response={200: EnterpriseToken, **CONFLICTS})
def enterprise_token_replace(request: HttpRequest, body: NewEnterpriseToken) -> HttpResponse:
    """Replace the token on GitHub. Scope admin:connect.

    GitHub is asked first; the old one stays if it refuses. Its report is read at once.
    """
    try:
        row = tokens.replace_enterprise_token(enterprise=enterprise_of(request), token=body.token, by=None)
    except tokens.BadToken:
        raise refuse(422, "bad_token", wording.problem("bad_token")) from None
    except tokens.TokenRefused:
        words = _("GitHub refuses this token. Nothing was changed.")
        raise refuse(409, "token_refused", words) from None
    return changed(_told(row))


@router.post("/enterprise/checks", auth=ADMIN, response={200: EnterpriseToken, **CONFLICTS})
def enterprise_check(request: HttpRequest) -> HttpResponse:
    """Check the token that is there, now. Scope admin:connect."""
    try:
        row = tokens.check_enterprise_token(enterprise=enterprise_of(request), by=None)
    except GitHubError as error:
        raise refuse(409, error.key, wording.problem(error.key, error.params)) from None
    return changed(_told(row))


def _told(row: Enterprise) -> dict[str, Any]:
    times = (row.token_expires_at, row.token_replaced_at, row.checked_at)
    expires, replaced, checked = (at.isoformat() if at else None for at in times)
    return {
        "token": bool(row.token),
        "kind": row.token_kind,
        "scopes": row.token_scopes,
        "expires_at": expires,
        "replaced_at": replaced,
        "checked_at": checked,
        "checks": row.checks,
    }
