"""What owners say of the enterprise, for scripts: name, contract, renewal, price, zone; and who is told of what."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect import wording
from ghconnect.api import auth
from ghconnect.api.answers import answer, changed, tagged
from ghconnect.api.auth import refuse
from ghconnect.api.console import ADMIN, OVERSEE, enterprise_of
from ghconnect.api.shapes import CHANGES, CONFLICTS, PROBLEMS
from ghconnect.models import Enterprise
from ghconnect.usecases import enterprises
from licensing.license_records import iso
from licensing.usecases import alerts

router = Router(tags=["console"])
PROFILE, ALERTS = "/enterprise/settings", "/alerts"


class Profile(Schema):
    """What owners say; the price is of one license and month, in hundredths of `currency` (ISO 4217).

    `next_…` was asked for, and holds once everybody is counted by it.
    """

    name: str
    contract: Literal["", "volume", "metered"]
    next_contract: str | None
    never_active: str
    next_never_active: str | None
    managed_users: Literal["github", "yes", "no"]
    next_managed_users: str | None
    renews_on: date | None
    price_cents: int | None
    currency: str
    time_zone: str


class ProfileChange(Schema):
    """What shall be other than it is; what is left out stays, null takes a date or a price away."""

    name: str | None = Field(None, max_length=120)
    contract: Literal["", "volume", "metered"] | None = None
    never_active: str | None = Field(None, max_length=8)
    managed_users: Literal["github", "yes", "no"] | None = None
    renews_on: date | None = None
    price_cents: int | None = None
    currency: str | None = Field(None, max_length=3)
    time_zone: str | None = Field(None, max_length=64)
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"price_cents": 2100, "currency": "USD", "renews_on": "2027-03-31"}]}
    )


class Receiver(Schema):
    """Somebody who is told: an address, or the host of the webhook; `error` says what went wrong last."""

    kind: Literal["mail", "webhook"]
    target: str
    failing_since: str | None
    error: str


class Alerts(Schema):
    """Who is told of what; `near_percent` of the purchase is near the limit. The webhook's secret is never told."""

    receivers: list[Receiver]
    events: list[str]
    language: str
    near_percent: int


class AlertsWish(Schema):
    """How it shall be. Without `webhook_url` or `secret` these stay; "" takes the webhook away."""

    addresses: list[Annotated[str, Field(max_length=254)]] = Field(max_length=alerts.MAX_ADDRESSES)
    events: list[Annotated[str, Field(max_length=40)]] = Field(max_length=40)
    webhook_url: str | None = Field(None, max_length=500)
    secret: str | None = Field(None, max_length=200)
    language: Literal["en", "ja"] = "en"
    near_percent: int = Field(95, ge=1, le=100)
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "addresses": ["licenses@example.com"],
                    "events": ["attention.opened", "license_sync.failed"],
                    "webhook_url": "https://hooks.example.com/ghconnect",
                    "secret": "a long secret",
                }
            ]
        }
    )


class Sent(Schema):
    """What was put on its way; null where nobody is told yet."""

    alert: int | None


@router.get(PROFILE, auth=OVERSEE, response={200: Profile, **PROBLEMS})
def enterprise_settings(request: HttpRequest) -> HttpResponse:
    """Tell what owners say of the enterprise. Scope read:enterprise, of an owner or auditor."""
    return tagged(request, _profile(enterprise_of(request)))


@router.patch(PROFILE, auth=ADMIN, response={200: Profile, **CHANGES})
def enterprise_settings_change(request: HttpRequest, body: ProfileChange) -> HttpResponse:
    """Change what owners say of the enterprise. Scope admin:connect."""
    given = body.dict(exclude_unset=True)
    with transaction.atomic():
        rows = Enterprise.objects.select_for_update(no_key=True)
        enterprise = rows.get(pk=enterprise_of(request).pk)
        auth.as_asked(request, _profile(enterprise))
        try:
            enterprise = _change(enterprise, given)
        except enterprises.BadValue as error:
            raise refuse(422, f"bad_{error.field}", _("This value cannot be kept.")) from None
    return changed(_profile(enterprise))


def _change(row: Enterprise, given: dict[str, Any]) -> Enterprise:
    """Call the deed of each part that is given, the whole part as it stands besides."""
    if given.get("name") is not None:
        row = enterprises.rename(enterprise=row, name=given["name"].replace("\0", ""), by=None)
    if given.get("time_zone") is not None:
        row = enterprises.set_time_zone(enterprise=row, time_zone=given["time_zone"], by=None)
    if {"price_cents", "currency"} & given.keys():
        cents, currency = given.get("price_cents", row.price_cents), given.get("currency") or row.currency
        row = enterprises.set_price(enterprise=row, price_cents=cents, currency=currency.upper(), by=None)
    if given.get("never_active") is not None:
        row = enterprises.set_never_active(enterprise=row, never_active=given["never_active"], by=None)
    if given.get("managed_users") is not None:
        row = enterprises.set_managed_users(enterprise=row, managed_users=given["managed_users"], by=None)
    if {"contract", "renews_on"} & given.keys():
        day, stands = given.get("renews_on", row.renews_on), row.next_contract
        asked = given.get("contract")
        chosen = next(one for one in (asked, stands, row.contract) if one is not None)
        row = enterprises.set_contract(enterprise=row, contract=chosen, renews_on=day, by=None)
    return row


@router.get(ALERTS, auth=ADMIN, response={200: Alerts, **PROBLEMS})
def alerts_settings(request: HttpRequest) -> HttpResponse:
    """Tell who is told of what, and how that goes. Scope admin:connect."""
    return tagged(request, _alerts(enterprise_of(request)))


@router.put(ALERTS, auth=ADMIN, response={200: Alerts, **CHANGES})
def alerts_change(request: HttpRequest, body: AlertsWish) -> HttpResponse:
    """Set who is told of what. Scope admin:connect."""
    enterprise = enterprise_of(request)
    wish = alerts.Wish(**body.dict())
    with transaction.atomic():
        auth.as_asked(request, _alerts(enterprise))
        try:
            alerts.change(
                enterprise=enterprise, wish=wish, console_url=request.build_absolute_uri("/"), by=None
            )
        except alerts.BadValue as error:
            words = wording.problem(error.key) if error.key else _("This value cannot be kept.")
            raise refuse(422, f"bad_{error.field}", words) from None
    return changed(_alerts(enterprise))


@router.post("/alerts/test", auth=ADMIN, response={202: Sent, **CONFLICTS})
def alerts_test(request: HttpRequest) -> HttpResponse:
    """Send a test alert to everybody who is told. Scope admin:connect."""
    alert = alerts.test(enterprise=enterprise_of(request), by=None)
    return answer({"alert": alert.pk if alert else None}, 202)


def _profile(row: Enterprise) -> dict[str, Any]:
    return {
        "name": row.name,
        "contract": row.contract,
        "next_contract": row.next_contract,
        "never_active": row.never_active,
        "next_never_active": row.next_never_active,
        "managed_users": row.managed_users,
        "next_managed_users": row.next_managed_users,
        "renews_on": row.renews_on.isoformat() if row.renews_on else None,
        "price_cents": row.price_cents,
        "currency": row.currency,
        "time_zone": row.time_zone,
    }


def _alerts(enterprise: Enterprise) -> dict[str, Any]:
    row = alerts.alerting(enterprise)
    return {
        "receivers": [_receiver(each) for each in enterprise.alert_receivers.order_by("kind", "shown")],
        "events": row.events,
        "language": row.language,
        "near_percent": row.near_percent,
    }


def _receiver(row: Any) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "target": row.shown,
        "failing_since": iso(row.failing_since) or None,
        "error": row.error_key,
    }
