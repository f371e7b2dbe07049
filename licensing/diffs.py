"""What a run changed, or what a held one would change: accounts with their people and licenses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ghconnect import paging, wording
from licensing.models import Account, Match, Person, RunChange, StagedAccount, SyncRun
from licensing.rules.consumption import CLOUD_REASONS


@dataclass(frozen=True, slots=True)
class Changed:
    """An account that changed, None where it is a person without one on a server: `sign` is "+", "−" or "".

    `license` is +1, 0 or −1, `what` the change in words.
    """

    sign: str
    account: Account | None
    person: Person | None
    license: int
    what: str
    before: Person | None = None
    reason: str = ""
    fields: str = ""

    @property
    def login(self) -> str:
        """The login on the server, else the one at GitHub, "" of whoever has none."""
        if self.account:
            return self.account.login
        cloud = self.person.cloud_account if self.person else None
        return cloud.login if cloud else ""

    @property
    def was(self) -> str:
        """The primary email before, where it changed."""
        former = self.account.former_keys if self.account and "email" in self.fields.split(",") else []
        return str(former[-1]) if former else ""


@dataclass(frozen=True, slots=True)
class Losing:
    """An account that would go or stop consuming; `released` when its person would have no license left."""

    account: Account
    person: Person | None
    released: bool
    what: str


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """An account whose primary email would change."""

    account: Account
    email: str


def published(
    request: HttpRequest, run: SyncRun, *, size: int = paging.SIZE
) -> tuple[paging.Page[RunChange], list[Changed]]:
    """Return a page of the run's diff, with the accounts and people as they stand now: three queries."""
    page = paging.of(request, RunChange.objects.filter(run=run), "kind", "id", size=size)
    return page, changed(run, page.rows)


def changed(run: SyncRun, rows: Sequence[RunChange]) -> list[Changed]:
    """Return changes with accounts, people, and whose an account was before: three queries."""
    accounts = Account.objects.select_related("server").in_bulk(
        {row.account_id for row in rows if row.account_id}
    )
    before: dict[int, int] = dict(
        Match.objects.filter(account_id__in=list(accounts), to_edition=run.edition).values_list(
            "account_id", "person_id"
        )
        if run.edition
        else ()
    )
    people = _people([*(row.person_id for row in rows), *before.values()])
    return [
        Changed(
            sign={"added": "+", "rejoined": "+", "gone": "−"}.get(row.kind, ""),
            account=accounts.get(row.account_id or 0),
            person=people.get(row.person_id or 0),
            license=row.license,
            what=_what(row, people.get(row.person_id or 0)),
            before=_other(people.get(before.get(row.account_id or 0, 0)), row.person_id),
            reason=wording.reason(row.reason) if row.reason else "",
            fields=row.fields,
        )
        for row in rows
    ]


def _what(row: RunChange, person: Person | None) -> str:
    cloud = person.cloud_account if person and row.kind == "renamed" else None
    words = kind_words(row.kind, row.fields)
    return f"{words}: {cloud.former_login} → {cloud.login}" if cloud and cloud.former_login else words


def _other(before: Person | None, now: int | None) -> Person | None:
    return before if before and before.pk != now else None


def kind_words(kind: str, fields: str) -> str:
    """Say what happened to an account: "Added", "Changed: email, suspended"."""
    words = {
        "added": _("Added"),
        "rejoined": _("Came back"),
        "gone": _("Gone"),
        "moved": _("Now another person's"),
        "renamed": _("Renamed at GitHub"),
        "changed": _("Changed"),
    }
    names = [field_words(name) for name in fields.split(",") if name]
    return ": ".join(filter(None, [words.get(kind, kind), wording.listed(names)]))


def field_words(name: str) -> str:
    """Name a field of an account as "What is read" names it."""
    words = {
        "remote_user_id": _("ID"),
        "login": _("login"),
        "email": _("primary email"),
        "suspended": _("suspended"),
        "dormant": _("dormant"),
        "site_admin": _("site admin"),
        "never_active": _("ever active"),
        "created_at": _("created"),
    }
    return words.get(name, name)


# --- a held run ------------------------------------------------------------------------------------------------


def is_staged(run: SyncRun) -> bool:
    """Whether the rows of the run's report are still there to compare."""
    return _staged(run).exists() or not run.fetched


def losing(run: SyncRun) -> QuerySet[Account]:
    """Accounts that a held run takes away, or from which it takes the license (ENGINEERING §8); annotated with why."""
    row = _staged(run).filter(remote_user_id=OuterRef("remote_user_id"))
    never = Exists(row.filter(never_active=True)) & ~Q(never_active=True)
    return (
        Account.objects.filter(server=run.server_id, ended_edition=None)
        .annotate(missing=~Exists(row), becomes_suspended=Exists(row.filter(suspended=True)))
        .filter(Q(missing=True) | Q(consumes=True, becomes_suspended=True) | (Q(consumes=True) & Q(never)))
    )


def held(
    request: HttpRequest, run: SyncRun, *, size: int = paging.SIZE
) -> tuple[paging.Page[Account], list[Losing]]:
    """Return a page of accounts that would go or stop consuming, with their people: a constant number of queries."""
    page = paging.of(request, losing(run), "login", "id", size=size)
    people = _people(row.person_id for row in page.rows)
    kept = set(kept_people(run, people))
    return page, [
        Losing(
            account=row,
            person=people.get(row.person_id or 0),
            released=row.consumes and row.person_id not in kept,
            what=_why(row),
        )
        for row in page.rows
    ]


def _why(row: Account) -> str:
    if row.missing:  # type: ignore[attr-defined]
        return _("Not in the report")
    return _("Suspended") if row.becomes_suspended else _("Never active")  # type: ignore[attr-defined]


def kept_people(run: SyncRun, ids: Iterable[int]) -> QuerySet[Person, int]:
    """Which of these people keep a license: by their cloud account, or by an account that goes on consuming."""
    other = Account.objects.filter(person_id=OuterRef("pk"), ended_edition=None, consumes=True)
    elsewhere = other.exclude(server=run.server_id)
    here = other.filter(server=run.server_id).exclude(pk__in=losing(run).values("pk"))
    people = Person.objects.filter(pk__in=list(ids), consumes=True)
    return people.filter(Q(reason__in=CLOUD_REASONS) | Exists(elsewhere) | Exists(here)).values_list(
        "pk", flat=True
    )


def rekeyed(run: SyncRun, limit: int) -> list[Rekeyed]:
    """Return the first accounts whose primary email would change."""
    row = _staged(run).filter(remote_user_id=OuterRef("remote_user_id"))
    accounts = (
        Account.objects.filter(server=run.server_id, ended_edition=None)
        .exclude(key="")
        .annotate(new_key=Subquery(row.values("key")[:1]), new_email=Subquery(row.values("email")[:1]))
        .exclude(new_key=None)
        .exclude(new_key=F("key"))
    )
    return [Rekeyed(each, each.new_email) for each in accounts.order_by("login", "id")[:limit]]


def _staged(run: SyncRun) -> QuerySet[StagedAccount]:
    return StagedAccount.objects.filter(run_id=run.pk, attempt=run.attempt)


def _people(ids: Iterable[int | None]) -> dict[int, Person]:
    return Person.objects.select_related("cloud_account").in_bulk({pk for pk in ids if pk})
