"""What owners decided about licenses that are probably one person's. Refers to people by hash and number alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from ghconnect.models import Enterprise
from ghconnect.models.text import CodePointField


class TwiceDecision(models.Model):
    """One candidate, named by `fingerprint`, and an owner's word on it; it outlives the candidate.

    Snoozed lasts until `until`. `account_id` is the account whose address has to change, where there is one.
    """

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Not the same person")
        SNOOZED = "snoozed", _("Snoozed")

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State)
    until = models.DateTimeField(null=True)
    account_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    decided_by_login = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "fingerprint"], name="twice_decided_once"),
        ]


class TwiceExclusion(models.Model):
    """A login, an address, or @ and a domain that is never proposed; `*` stands for anything."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    pattern = CodePointField(max_length=320)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "pattern"], name="twice_excluded_once"),
        ]


class TwiceFound(models.Model):
    """Of which edition, and without which patterns (`excluded`, hashed), the candidates of an enterprise are."""

    enterprise = models.OneToOneField(Enterprise, on_delete=models.CASCADE, related_name="+")
    edition = models.PositiveBigIntegerField()
    excluded = models.CharField(max_length=64)
    at = models.DateTimeField()
    seconds = models.FloatField()


class TwiceCandidate(models.Model):
    """A candidate as a worker found it (`rules.avoidable.Candidate`), in the order of `temporary`, `weight`, id.

    `digest` is that of everything it says. `params` name people: a person who is erased takes theirs along.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    reason = models.CharField(max_length=24)
    fix = models.CharField(max_length=24)
    params = models.JSONField(default=dict)
    temporary = models.BooleanField()
    weight = models.IntegerField()
    licenses = models.PositiveIntegerField()
    kept_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "digest"], name="twice_candidate_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "temporary", "weight", "id"], name="twice_candidate_ranked"),
        ]


class TwicePerson(models.Model):
    """Somebody in a candidate: whose license could end (`extra`), or remains."""

    candidate = models.ForeignKey(TwiceCandidate, on_delete=models.CASCADE, related_name="people")
    person_id = models.BigIntegerField()
    extra = models.BooleanField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person_id"], name="twice_by_person"),
        ]
