"""Erase a person who has left: addresses and names go, intervals and totals stay (ENGINEERING §27)."""

from __future__ import annotations

from django.db import transaction

from ghconnect.models import Enterprise, User
from ghconnect.usecases import audit
from licensing.models import Account, Address, CloudAccount, Person

from . import export_jobs
from .retention import NO_ADDRESS, NO_CLOUD, NO_NAME


class StillThere(Exception):
    """The person has an account at GitHub or on a server: the next sync would bring it back."""


@transaction.atomic
def person(*, enterprise: Enterprise, pk: int, by: User) -> int:
    """Blank a person of whom no account is left; returns how many accounts were blanked. Raises StillThere.

    Editions, licenses and runs refer by number, so that every past day keeps its totals and says "erased".
    """
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    subject = Person.objects.get(enterprise=enterprise, pk=pk)
    if subject.ended_edition is None:
        raise StillThere(str(pk))
    gone = Account.objects.filter(enterprise=enterprise, person_id=pk, ended_edition__isnull=False)
    count = gone.update(**NO_ADDRESS)
    clouds = CloudAccount.objects.filter(pk=subject.cloud_account_id or 0, ended_edition__isnull=False)
    Address.objects.filter(cloud_account__in=clouds).delete()
    clouds.update(**NO_CLOUD)
    Person.objects.filter(pk=pk).update(**NO_NAME)
    export_jobs.forget_all(enterprise)
    audit.record("person.erase", by=by, enterprise=enterprise, subject=f"person {pk}", accounts=count)
    return count
