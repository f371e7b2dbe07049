"""Write what is to be told into the outbox, in the transaction that makes it true; and who is to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from ghconnect import webhook
from ghconnect.models import Enterprise, Server, User
from ghconnect.queue import send
from ghconnect.seal import seal
from ghconnect.usecases import audit
from licensing import run_words
from licensing.attention import Shown
from licensing.models import Alert, AlertDelivery, Alerting, AlertReceiver, AttentionItem, SyncRun
from licensing.rules import alerts as rules

Kind = AlertReceiver.Kind
MAX_ADDRESSES = 20
TEST = "ping"
LANGUAGES = ("en", "ja")


class BadValue(Exception):
    """A value that cannot be kept; `field` names it, `key` its words where there are any."""

    def __init__(self, field: str, key: str = "") -> None:
        super().__init__(field)
        self.field, self.key = field, key


@dataclass(frozen=True, slots=True)
class Wish:
    """How an owner wants to be told. `webhook_url` and `secret` None leave what is there, "" removes it."""

    addresses: Sequence[str] = ()
    webhook_url: str | None = None
    secret: str | None = None
    events: Sequence[str] = rules.USUAL
    language: str = "en"
    near_percent: int = 95


def alerting(enterprise: Enterprise) -> Alerting:
    """Return how the enterprise wants to be told, made as usual if nobody said."""
    usual = {"events": list(rules.USUAL)}
    return Alerting.objects.get_or_create(enterprise=enterprise, defaults=usual)[0]


def tell_of(item: AttentionItem, said: Shown, *, event: str) -> Alert | None:
    """Tell that an item opened or cleared; `said` is it in the language of alerts."""
    words = f"{said.who}: {said.what}" + (f" ({said.stake})" if said.stake else "")
    with translation.override(alerting(item.enterprise).language):
        text = _("No longer: {what}").format(what=words) if event == "attention.cleared" else words
    data = {
        "id": item.pk,
        "key": item.key,
        "subject": item.subject,
        "licenses": item.licenses,
        "since": item.since,
        "params": item.params,
        "opened_at": item.opened_at,
        "cleared_at": item.cleared_at,
    }
    return tell(item.enterprise, event, text, link=said.href, data={"item": data}, item=item)


def tell(
    enterprise: Enterprise,
    event: str,
    text: str,
    *,
    link: str = "",
    data: Mapping[str, Any] | None = None,
    item: AttentionItem | None = None,
) -> Alert | None:
    """Put one alert into the outbox of every receiver that wants it; None where nobody does."""
    wanted = alerting(enterprise)
    receivers = [each for each in enterprise.alert_receivers.all() if _wants(each, event, wanted)]
    if not receivers:
        return None
    now = timezone.now()
    alert = Alert.objects.create(
        enterprise=enterprise,
        event=event,
        at=now,
        item=item,
        text=text,
        link=_whole(link, wanted.console_url),
        data=dict(data or {}),
    )
    AlertDelivery.objects.bulk_create(
        AlertDelivery(alert=alert, receiver=each, next_at=now) for each in receivers
    )
    for each in receivers:
        send("licensing.deliver_alerts", receiver_id=each.pk)
    return alert


def _wants(receiver: AlertReceiver, event: str, wanted: Alerting) -> bool:
    """Mail tells what needs somebody; the webhook whatever is switched on."""
    if event == TEST:
        return True
    return event in (rules.USUAL if receiver.kind == Kind.MAIL else wanted.events)


def _whole(link: str, console_url: str) -> str:
    if link.startswith("/"):
        return f"{console_url.rstrip('/')}{link}" if console_url else ""
    return link


# --- what happens to runs -------------------------------------------------------------------------------------


def of_run(run: SyncRun, event: str, *, state: str, counts: Mapping[str, Any]) -> None:
    """Tell what became of a run; called in the transaction that writes its state."""
    if not run.enterprise.alert_receivers.filter(kind=Kind.WEBHOOK).exists():
        return
    wanted = alerting(run.enterprise)
    if event not in wanted.events:
        return
    with translation.override(wanted.language):
        text = run_words.of(run, event, dict(counts))
    tell(
        run.enterprise,
        event,
        text,
        link=run_words.link(run),
        data=run_words.data(run, event, dict(counts), state),
    )


def of_good_run(run: SyncRun, *, state: str, counts: Mapping[str, Any]) -> None:
    """Tell that a run completed, and what it did to licenses."""
    of_run(run, "license_sync.completed", state=state, counts=counts)
    for event in run_words.LICENSE:
        if run_words.told_of(dict(counts), event):
            of_run(run, event, state=state, counts=counts)


# --- who is told ----------------------------------------------------------------------------------------------


@transaction.atomic
def change(*, enterprise: Enterprise, wish: Wish, console_url: str, by: User | None) -> None:
    """Keep how an owner wants to be told. What waits for an address that goes, goes with it. Raises BadValue."""
    row = Alerting.objects.select_for_update(no_key=True).get(pk=alerting(enterprise).pk)
    before = _facts(row)
    if wish.language not in LANGUAGES or not 1 <= wish.near_percent <= 100:
        raise BadValue("language" if wish.language not in LANGUAGES else "near_percent")
    row.language, row.near_percent, row.console_url = wish.language, wish.near_percent, console_url[:300]
    row.events = [event for event in rules.EVENTS if event in wish.events]
    row.save(update_fields=["language", "near_percent", "console_url", "events"])
    _addresses(enterprise, wish.addresses)
    _webhook(enterprise, wish)
    audit.record(
        "alerts.change",
        by=by,
        enterprise=enterprise,
        before=before,
        after=_facts(row),
        secret_replaced=bool(wish.secret),
    )
    send("licensing.refresh_attention", enterprise_id=enterprise.pk)


def _facts(row: Alerting) -> dict[str, Any]:
    """What an event may say of who is told: how many addresses, the webhook's host, and of what."""
    receivers = AlertReceiver.objects.filter(enterprise=row.enterprise_id)
    hook = receivers.filter(kind=Kind.WEBHOOK).first()
    return {
        "addresses": receivers.filter(kind=Kind.MAIL).count(),
        "webhook": hook.shown if hook else "",
        "language": row.language,
        "near_percent": row.near_percent,
        "events": list(row.events),
    }


def _addresses(enterprise: Enterprise, addresses: Sequence[str]) -> None:
    wanted = sorted({address.strip() for address in addresses if address.strip()})
    if len(wanted) > MAX_ADDRESSES:
        raise BadValue("addresses")
    for address in wanted:
        try:
            validate_email(address)
        except ValidationError:
            raise BadValue("addresses") from None
    mails = enterprise.alert_receivers.filter(kind=Kind.MAIL)
    mails.exclude(shown__in=wanted).delete()
    for address in wanted:
        mails.get_or_create(
            enterprise=enterprise, kind=Kind.MAIL, shown=address, defaults={"target": address}
        )


def _webhook(enterprise: Enterprise, wish: Wish) -> None:
    rows = enterprise.alert_receivers.filter(kind=Kind.WEBHOOK)
    if wish.webhook_url == "":
        rows.delete()
        return
    values: dict[str, Any] = {}
    if wish.webhook_url is not None:
        values = {"target": seal(wish.webhook_url), "shown": _host(enterprise, wish.webhook_url)}
        values |= {
            "failures": 0,
            "failing_since": None,
            "resume_at": None,
            "error_key": "",
            "error_params": {},
        }
    if wish.secret is not None:
        values["secret"] = seal(wish.secret)
    if not values or rows.update(**values) or wish.webhook_url is None:
        return
    AlertReceiver.objects.create(enterprise=enterprise, kind=Kind.WEBHOOK, **values)


def _host(enterprise: Enterprise, url: str) -> str:
    try:
        return webhook.target(url, refused_hosts()).netloc
    except webhook.BadTarget as error:
        raise BadValue("webhook_url", error.key) from None


def refused_hosts() -> frozenset[str]:
    """Hosts that this console reads: nothing is ever sent to them."""
    servers = Server.objects.values_list("host", flat=True)
    return frozenset([*servers, *Enterprise.objects.values_list("host", flat=True)])


@transaction.atomic
def test(*, enterprise: Enterprise, by: User | None) -> Alert | None:
    """Send a test alert to every receiver, now, however long they would have waited; None where there is none."""
    enterprise.alert_receivers.update(resume_at=None)
    with translation.override(alerting(enterprise).language):
        text = _("This is a test of ghconnect's alerts for {enterprise}. Nothing needs you.")
    alert = tell(
        enterprise, TEST, text.format(enterprise=enterprise.name), link=f"/enterprises/{enterprise.slug}"
    )
    audit.record("alerts.test", by=by, enterprise=enterprise)
    return alert
