"""Persons, their accounts and licenses over time, and the bridge from GitHub's count to the expected one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ghconnect.models import Enterprise
from ghconnect.models.text import CodePointField

from .accounts import CloudAccount, LicenseRow


class Person(models.Model):
    """Whoever may hold one license. The id outlives its members (ENGINEERING §9); `group` names the partition.

    Groups: `c:<cloud account>`, `k:<key>`, `a:<account>`, `r:<row>` (GitHub's row on servers not known here),
    `i:<row>` (an invitation by email). `deployment`: cloud, server, both, invitation.
    """

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.CASCADE, related_name="people", db_index=False
    )
    group = CodePointField(max_length=420)
    cloud_account = models.ForeignKey(CloudAccount, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=255, blank=True)
    sort = CodePointField(max_length=255, blank=True)
    consumes = models.BooleanField(default=False)
    reason = models.CharField(max_length=40, blank=True, default="")
    license_type = models.CharField(max_length=40, blank=True, default="")
    deployment = models.CharField(max_length=10, blank=True, default="")
    accounts = models.PositiveIntegerField(default=0)
    since_edition = models.PositiveBigIntegerField()
    ended_edition = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "group"], condition=Q(ended_edition=None), name="person_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["enterprise", "sort", "id"],
                condition=Q(ended_edition=None, consumes=True),
                name="person_consuming_sorted",
            ),
            models.Index(
                fields=["enterprise", "sort", "id"],
                condition=Q(ended_edition=None, consumes=False),
                name="person_free_sorted",
            ),
        ]


class SearchTerm(models.Model):
    """A term by which a live person is found: `rules.terms` says which; names, logins and emails have indexes too."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    person_id = models.BigIntegerField()
    term = CodePointField(max_length=120)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "term", "person_id"], name="search_term_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person_id"], name="search_term_by_person"),
        ]


class FacetCounts(models.Model):
    """How many licenses each choice of the search finds in an edition: `counts` by view, then by qualifier."""

    enterprise = models.OneToOneField(Enterprise, on_delete=models.CASCADE, related_name="+")
    edition = models.PositiveBigIntegerField()
    counts = models.JSONField(default=dict)
    at = models.DateTimeField()
    seconds = models.FloatField()


class Match(models.Model):
    """An account belonged to a person by a rule in [from, to) editions."""

    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    rule = models.CharField(max_length=24)
    from_edition = models.PositiveBigIntegerField()
    to_edition = models.PositiveBigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["account_id"], condition=Q(to_edition=None), name="match_one_open"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person_id", "from_edition"], name="match_by_person"),
        ]


class Seat(models.Model):
    """A person consumed a license in [from, to) editions."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    person_id = models.BigIntegerField()
    license_type = models.CharField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    from_edition = models.PositiveBigIntegerField()
    to_edition = models.PositiveBigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person_id"], condition=Q(to_edition=None), name="seat_one_open"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "from_edition"], name="seat_by_edition"),
            models.Index(
                fields=["enterprise", "to_edition"],
                condition=Q(to_edition__isnull=False),
                name="seat_by_end",
            ),
        ]


class BridgeItem(models.Model):
    """A component of GitHub's rows and our persons whose counts differ: `delta` on the line `line` (a verdict)."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="bridge_items")
    line = models.CharField(max_length=24)
    delta = models.IntegerField()
    people = models.ManyToManyField(Person, related_name="bridge_items")
    rows = models.ManyToManyField(LicenseRow, related_name="bridge_items")
