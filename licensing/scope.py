"""Whose licenses a search means, and a meaning said twice: as a set of licenses, and as a test of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from ghconnect.models import Enterprise
from licensing.models import Account, LicenseRow, Person, RowAccount

GITHUB = "github"
Ids = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Meaning:
    """The same licenses: `ids` gathers them all, `test` asks one license by an index of its own.

    A set costs what it holds, a test what is asked: few of a long list are gathered, many of it are met on the way.
    """

    ids: Ids
    test: Q


def either(parts: Sequence[Meaning]) -> Meaning:
    """Licenses of any of the parts. A union, not an OR: so each part walks its own index."""
    if len(parts) == 1:
        return parts[0]
    return Meaning(
        parts[0].ids.union(*(part.ids for part in parts[1:])), reduce(or_, (p.test for p in parts))
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose licenses are meant, in which of the views; `one_by_one`: a test looks each license up."""

    enterprise: Enterprise
    view: str
    one_by_one: bool = False

    @property
    def by_github(self) -> bool:
        """Whether a license is a row of GitHub's report; else it is a person."""
        return self.view == GITHUB

    def _holding(self, column: str, key: str = "pk") -> dict[str, OuterRef]:
        """What belongs to the license that is asked; not "equal" where PostgreSQL would gather all there is first."""
        ends = ("__gte", "__lte") if self.one_by_one else ("",)
        return {column + end: OuterRef(key) for end in ends}

    def of_accounts(self, *tests: Q, servers: Sequence[int] | None = None, **facts: Any) -> Meaning:
        """The licenses of live accounts, on some servers or on all."""
        column = "row_id" if self.by_github else "person_id"
        live: QuerySet[Account] = Account.objects.filter(*tests, ended_edition=None, **facts)
        if self.by_github:
            live = live.filter(row_valid=True)
        mine = live.filter(enterprise=self.enterprise, **{f"{column}__isnull": False})
        # A license tells its enterprise and has few accounts; SQLite would rather walk all of a server: hence the sum.
        held = live.filter(**self._holding(column))
        if servers is not None:
            mine, held = (
                mine.filter(server__in=servers),
                held.alias(on=F("server_id") + 0).filter(on__in=servers),
            )
        return Meaning(mine.values(column), Q(Exists(held)))

    def of_rows(self, *tests: Q, **facts: Any) -> Meaning:
        """The licenses of rows of GitHub's report."""
        rows = LicenseRow.objects.filter(*tests, enterprise=self.enterprise, **facts)
        if self.by_github:
            return Meaning(rows.values("pk"), Q(*tests, **facts))
        held = LicenseRow.objects.filter(*tests, person_id=OuterRef("pk"), **facts)
        return Meaning(rows.filter(person_id__isnull=False).values("person_id"), Q(Exists(held)))

    def of_listed(self, *tests: Q, **facts: Any) -> Meaning:
        """The licenses of rows of GitHub's report that list an account of a server."""
        listed = RowAccount.objects.filter(*tests, **facts)
        mine = listed.filter(enterprise=self.enterprise).values("row")
        if self.by_github:
            return Meaning(mine, Q(Exists(listed.filter(row=OuterRef("pk")))))
        rows = LicenseRow.objects.filter(pk__in=mine, person_id__isnull=False).values("person_id")
        return Meaning(rows, Q(Exists(listed.filter(row__person_id=OuterRef("pk")))))

    def of_people(self, people: QuerySet[Any], key: str) -> Meaning:
        """The licenses of persons, who are `key` of `people`."""
        ids: Ids = people.values(key)
        if not self.by_github:
            return Meaning(ids, Q(Exists(people.filter(**self._holding(key)))))
        rows = LicenseRow.objects.filter(person_id__in=ids).values("pk")
        return Meaning(rows, Q(Exists(people.filter(**self._holding(key, "person_id")))))

    def of_clouds(self, clouds: QuerySet[Any], key: str) -> Meaning:
        """The licenses of cloud accounts of this enterprise, which are `key` of `clouds`."""
        of: QuerySet[Any] = LicenseRow.objects.all() if self.by_github else Person.objects.all()
        held = clouds.filter(**self._holding(key, "cloud_account"))
        return Meaning(of.filter(cloud_account__in=clouds.values(key)).values("pk"), Q(Exists(held)))
