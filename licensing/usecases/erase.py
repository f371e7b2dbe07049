"""Erase a person who has left: addresses and names go, intervals and totals stay (ENGINEERING §27)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ghconnect.models import Enterprise, User
from ghconnect.usecases import audit
from licensing.models import (
    Account,
    Address,
    CloudAccount,
    CloudFact,
    Lacked,
    Person,
    RowAccount,
    RunChunk,
    SavedView,
    SearchTerm,
    SyncRun,
    TwiceCandidate,
    TwiceExclusion,
    TwicePerson,
)

from . import held_copies
from .retention import NEEDED, NO_ADDRESS, NO_CLOUD, NO_NAME


class StillThere(Exception):
    """A server or GitHub's report still lists an account of the person: the next sync would bring it back."""


@transaction.atomic
def person(*, enterprise: Enterprise, pk: int, by: User | None) -> int:
    """Blank a person of whom no account is left; returns how many accounts were blanked. Raises StillThere.

    Editions, licenses and runs refer by number, so that every past day keeps its totals and says "erased".
    """
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    subject = Person.objects.get(enterprise=enterprise, pk=pk)
    gone = Account.objects.filter(enterprise=enterprise, person_id=pk, ended_edition__isnull=False)
    clouds = CloudAccount.objects.filter(pk=subject.cloud_account_id or 0, ended_edition__isnull=False)
    if subject.ended_edition is None or gone.filter(Exists(_listed())).exists():
        raise StillThere(str(pk))
    names = _names(subject, gone, clouds)
    held_copies.forget(enterprise=enterprise, gone=gone, names=names, by=by)
    _forget_copies(enterprise, gone)
    count = gone.update(**NO_ADDRESS)
    Address.objects.filter(cloud_account__in=clouds).delete()
    clouds.update(**NO_CLOUD)
    Person.objects.filter(pk=pk).update(**NO_NAME)
    _forget_mentions(enterprise, pk, names)
    audit.record("person.erase", by=by, enterprise=enterprise, subject=f"person {pk}", accounts=count)
    return count


def _listed() -> QuerySet[RowAccount]:
    """GitHub's row of an account."""
    return RowAccount.objects.filter(server=OuterRef("server"), remote_user_id=OuterRef("remote_user_id"))


def _names(subject: Person, gone: QuerySet[Account], clouds: QuerySet[CloudAccount]) -> set[str]:
    """Everything that names the person, in lower case."""
    told = {subject.name}
    for login, email, key, former in gone.values_list("login", "email", "key", "former_keys"):
        told |= {login, email, key, *former}
    told |= {text for pair in clouds.values_list("login", "former_login", "name") for text in pair}
    told |= {
        text
        for pair in Address.objects.filter(cloud_account__in=clouds).values_list("value", "key")
        for text in pair
    }
    return {text.lower() for text in told if text}


def _forget_copies(enterprise: Enterprise, gone: QuerySet[Account]) -> None:
    """Copies of the reports that named the person go whole, of runs that are over: they are only copies.

    So do those of reports that were never published, whatever the server: nothing tells whom they name.
    """
    theirs = Q(run__server__in=gone.values("server")) | Q(run__server=None) | ~Q(run__state__in=SyncRun.GOOD)
    copies = RunChunk.objects.filter(theirs, run__enterprise=enterprise).exclude(run__state__in=NEEDED)
    copies.delete()


def _forget_mentions(enterprise: Enterprise, pk: int, names: set[str]) -> None:
    """Rows beside the person's own that name them."""
    SearchTerm.objects.filter(person_id=pk).delete()
    found = TwiceCandidate.objects.filter(
        pk__in=list(TwicePerson.objects.filter(person_id=pk).values_list("candidate_id", flat=True))
    )
    TwicePerson.objects.filter(candidate__in=found).delete()
    found.delete()
    TwiceExclusion.objects.filter(enterprise=enterprise, pattern__in=names).delete()
    CloudFact.objects.filter(enterprise=enterprise, login_key__in=names).delete()
    lacked = Lacked.objects.filter(enterprise_id=enterprise.pk)
    lacked.filter(Q(login_key__in=names) | Q(key__in=names)).delete()
    views = SavedView.objects.filter(enterprise=enterprise)
    naming = [view.pk for view in views if _says(f"{view.name} {view.query}", names)]
    views.filter(pk__in=naming).delete()


def _says(text: str, names: Iterable[str]) -> bool:
    """Whether a text holds one of the names as words of its own."""
    plain = unquote_plus(text).lower()
    return any(re.search(rf"(?<![\w.@-]){re.escape(name)}(?![\w@-])", plain) for name in names)
