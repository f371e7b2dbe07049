"""Deliver what is in the outbox: to each receiver in order, by one worker at a time, until it is taken.

An alert may arrive twice (the worker died after sending it) and is known by its id; it is never left out.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from ghconnect import webhook
from ghconnect.github.errors import GitHubError
from ghconnect.queue import send
from ghconnect.seal import SealBroken, unseal
from ghconnect.usecases import clients
from licensing.models import Alert, AlertDelivery, Alerting, AlertReceiver
from licensing.rules import alerts as rules

from .alerts import refused_hosts

log = logging.getLogger(__name__)
# Longer than one delivery can take; it is renewed before each.
LEASE = timedelta(seconds=120)
# A worker goes on to other things after so long; the rest is sent for at once.
TURN_SECONDS = 45.0


def dispatch() -> int:
    """Send for a worker for every receiver that something waits for; returns how many. Claiming sorts out who."""
    waiting = AlertDelivery.objects.filter(_due(), _free("receiver__")).order_by()
    ids = sorted(set(waiting.values_list("receiver", flat=True)))
    for pk in ids:
        send("licensing.deliver_alerts", receiver_id=pk)
    return len(ids)


def deliver(*, receiver_id: int) -> int:
    """Deliver what is due to one receiver; returns how many were taken. Nothing where another worker is at it."""
    taken, end = 0, time.monotonic() + TURN_SECONDS
    while receiver := _claim(receiver_id):
        delivery = _next(receiver)
        try:
            if delivery is None:
                break
            taken += _one(receiver, delivery)
        finally:
            _rows(receiver_id).update(lease_until=None)
        if time.monotonic() > end:
            send("licensing.deliver_alerts", receiver_id=receiver_id)
            break
    return taken


def _due() -> Q:
    return Q(done_at=None, next_at__lte=timezone.now())


def _free(prefix: str = "") -> Q:
    def where(**condition: Any) -> Q:
        return Q(**{prefix + name: value for name, value in condition.items()})

    rested = where(resume_at=None) | where(resume_at__lte=timezone.now())
    return rested & (where(lease_until=None) | where(lease_until__lt=Now()))


def _rows(receiver_id: int) -> QuerySet[AlertReceiver]:
    return AlertReceiver.objects.filter(pk=receiver_id)


def _claim(receiver_id: int) -> AlertReceiver | None:
    if not _rows(receiver_id).filter(_free()).update(lease_until=Now() + LEASE):
        return None
    return _rows(receiver_id).select_related("enterprise").first()


def _next(receiver: AlertReceiver) -> AlertDelivery | None:
    mine = AlertDelivery.objects.filter(_due(), receiver=receiver)
    return mine.select_related("alert__enterprise").order_by("pk").first()


def _one(receiver: AlertReceiver, delivery: AlertDelivery) -> bool:
    """Send one alert and write what came of it."""
    AlertDelivery.objects.filter(pk=delivery.pk).update(attempts=F("attempts") + 1)
    try:
        taken = (_mail if receiver.kind == AlertReceiver.Kind.MAIL else _post)(receiver, delivery.alert)
    except (GitHubError, webhook.BadTarget, SealBroken) as error:
        return _failed(receiver, error.key, getattr(error, "params", {}))
    except OSError as error:  # also every error of smtplib
        return _failed(receiver, "mail", {"problem": type(error).__name__})
    if taken.ok:
        return _done(receiver, delivery)
    if taken.status in rules.ABOUT_THIS_ONE:
        pause = rules.pause(delivery.attempts + 1, seed=str(delivery.pk))
        AlertDelivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now() + pause)
    key = "webhook_redirect" if 300 <= taken.status < 400 else "webhook_status"
    params = {"host": receiver.shown, "status": str(taken.status)}
    return _failed(receiver, key, params, taken, rests=taken.status not in rules.ABOUT_THIS_ONE)


def _done(receiver: AlertReceiver, delivery: AlertDelivery) -> bool:
    now = timezone.now()
    AlertDelivery.objects.filter(pk=delivery.pk).update(done_at=now)
    _rows(receiver.pk).update(
        failures=0, failing_since=None, resume_at=None, delivered_at=now, error_key="", error_params={}
    )
    return True


def _failed(
    receiver: AlertReceiver,
    key: str,
    params: dict[str, Any],
    taken: webhook.Taken | None = None,
    *,
    rests: bool = True,
) -> bool:
    """Keep the alert; let the receiver rest, ever longer, so that what follows keeps its order."""
    now = timezone.now()
    pause = rules.pause(receiver.failures + 1, taken.retry_after if taken else None, seed=str(receiver.pk))
    values: dict[str, Any] = {"failures": F("failures") + 1, "error_key": key, "error_params": params}
    if rests:
        values["resume_at"] = now + pause
    _rows(receiver.pk).update(failing_since=receiver.failing_since or now, **values)
    log.warning("alert for %s not delivered: %s %s", receiver.shown, key, params)
    return False


def _mail(receiver: AlertReceiver, alert: Alert) -> webhook.Taken:
    """Mail an alert; its message id is the same however often it is sent."""
    language = Alerting.objects.filter(enterprise=alert.enterprise).values_list("language", flat=True).first()
    with translation.override(language or "en"):
        about = _("You get this because an owner of {enterprise} named your address under Settings, Alerts.")
    body = "\n\n".join(filter(None, (alert.text, alert.link, about.format(enterprise=alert.enterprise.name))))
    title = f"[ghconnect] {alert.enterprise.name}: {alert.text}".replace("\n", " ")[:200]
    headers = {
        "Message-ID": f"<{alert.uuid}.{receiver.pk}@ghconnect>",
        "Auto-Submitted": "auto-generated",
        "X-GHConnect-Delivery": str(alert.uuid),
        "X-GHConnect-Event": alert.event,
    }
    EmailMessage(title, body + "\n", to=[receiver.target], headers=headers).send()
    return webhook.Taken(200)


def _post(receiver: AlertReceiver, alert: Alert) -> webhook.Taken:
    body = json.dumps(payload(alert), cls=DjangoJSONEncoder, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "ghconnect",
        "X-GHConnect-Event": alert.event,
        "X-GHConnect-Delivery": str(alert.uuid),
    }
    secret = unseal(receiver.secret)
    if secret:
        headers["X-Hub-Signature-256"] = webhook.sign(body, secret)
    return webhook.post(
        unseal(receiver.target),
        body,
        headers,
        egress=clients.egress(),
        refused=refused_hosts(),
        ca_bundle=settings.GHCONNECT_CA_BUNDLE,
    )


def payload(alert: Alert) -> dict[str, Any]:
    """Return the body of the webhook: `text` is what Slack and Teams show, `id` the same at every try."""
    text = f"{alert.text}\n{alert.link}" if alert.link else alert.text
    return {
        "id": str(alert.uuid),
        "event": alert.event,
        "at": alert.at,
        "text": text,
        "link": alert.link or None,
        "enterprise": {"slug": alert.enterprise.slug, "name": alert.enterprise.name},
        **alert.data,
    }
