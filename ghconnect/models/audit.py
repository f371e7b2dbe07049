"""Who did what here."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any, ClassVar, NoReturn

from django.db import models

from .enterprise import Enterprise


class AppendOnly(Exception):
    """Somebody tried to change or delete what was done; there is no such deed."""


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Reads of events; none is changed or deleted by rows."""

    def update(self, **values: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnly

    def delete(self) -> NoReturn:
        """Refuse; retention has a way of its own (`usecases.audit_chain.forget`)."""
        raise AppendOnly


class AuditEvent(models.Model):
    """One deed, written in the transaction that did it. Holds no secret and no address of a person.

    Append-only: here, and by triggers of the database. What was done is linked by `AuditSeal`.
    """

    enterprise = models.ForeignKey(
        Enterprise, null=True, on_delete=models.CASCADE, related_name="audit_events"
    )
    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=60)
    actor = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    actor_login = models.CharField(max_length=100)
    subject = models.CharField(max_length=255, blank=True, default="")
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")

    objects: ClassVar[AuditEventQuerySet] = AuditEventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "-id"], name="audit_by_enterprise"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; a second time refuses."""
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnly

    def digest(self, previous: str) -> str:
        """Return the SHA-256, in hex, of this event and of the digest before it."""
        facts = [
            *(
                self.pk,
                self.enterprise_id,
                self.at.astimezone(UTC).isoformat(),
                self.action,
                self.actor_login,
            ),
            *(self.subject, self.data, self.request_id, self.address),
        ]
        told = json.dumps([previous, *facts], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()

    def facts(self, slug: str) -> dict[str, Any]:
        """As exports and collectors get it, with the field names of GitHub's audit log where it has them."""
        return {
            "id": self.pk,
            "@timestamp": int(self.at.timestamp() * 1000),
            "created_at": self.at.isoformat(),
            "action": self.action,
            "actor": self.actor_login,
            "actor_ip": self.address,
            "business": slug,
            "subject": self.subject,
            "request_id": self.request_id,
            "data": self.data,
        }


class AuditSeal(models.Model):
    """The link of one event in the chain of its enterprise (`chain` 0: events of the console itself).

    Written a moment after the event, so that deeds of one enterprise need not wait for each other. `sent`: the
    collector has it, or there is none.
    """

    enterprise = models.ForeignKey(Enterprise, null=True, on_delete=models.CASCADE, related_name="+")
    chain = models.BigIntegerField()
    position = models.PositiveBigIntegerField()
    event_id = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64)
    sent = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["chain", "position"], name="seal_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=models.Q(sent=False), name="seal_unsent"),
        ]


class AuditHeads(models.Model):
    """Where each chain ends and from where on it is kept, sealed: one row, made when the console is installed.

    Whoever can write to the database alone can cut off the end of a chain, but not say so here.
    """

    sealed = models.TextField()


class AuditCut(models.Model):
    """The door for events to go by: the database lets those of `chain` up to `up_to` be deleted, and no others."""

    chain = models.BigIntegerField()
    up_to = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["chain", "up_to"], name="cut_by_chain"),
        ]

    EVERYTHING = 2**63 - 1
