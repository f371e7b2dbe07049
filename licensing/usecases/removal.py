"""Take a server's accounts out of the numbers before its rows go; forget a pretend enterprise whole."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef

from ghconnect import clock
from ghconnect.models import ConnectedFeature, Connection, Enterprise, Server
from ghconnect.usecases import audit, audit_chain
from licensing.models import (
    Account,
    BridgeItem,
    CloudAccount,
    DueSync,
    Lacked,
    LicenseRow,
    Match,
    Person,
    RowAccount,
    RunChange,
    Seat,
    ServerPicture,
    SyncRun,
    bulk,
)

from . import editions, estate, rematch, runs


@transaction.atomic
def retire(*, server: Server) -> None:
    """End the accounts of `server`, count again in an edition of its own, and delete what was read from it.

    GitHub's rows of its accounts stay: from here on they are on a server this console does not know.
    """
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=server.enterprise_id)
    DueSync.objects.filter(server=server).delete()
    runs.cancel_open(server)
    bulk.open_scratch()
    bulk.leave_server(server.pk)
    bulk.keys_before()
    bulk.end_accounts(enterprise.edition + 1, None, clock.now(enterprise))
    bulk.mark_rows_of_server(server.pk)
    bulk.forget_server(server.pk)
    ServerPicture.objects.filter(server=server).delete()
    rematch.rematch(estate.estate(enterprise, enterprise.edition + 1, None))
    editions.publish(enterprise, cause="server_removed")
    old = SyncRun.objects.filter(server=server)
    RunChange.objects.filter(run__in=old).delete()
    for run_id in old.values_list("pk", flat=True):
        bulk.forget_staged(run_id)
    _forget_names(server)
    bulk.delete_accounts(server.pk)


def _forget_names(server: Server) -> None:
    """Blank the names of people who are gone and were on this server alone: past totals need none (ENGINEERING §27)."""
    theirs = Account.objects.filter(server=server).values("person_id")
    elsewhere = Account.objects.filter(person_id=OuterRef("pk")).exclude(server=server)
    gone = Person.objects.filter(enterprise=server.enterprise_id, pk__in=theirs).exclude(ended_edition=None)
    gone.exclude(Exists(elsewhere)).update(name="", sort="")


@transaction.atomic
def forget(*, enterprise: Enterprise) -> None:
    """Delete a pretend enterprise with everything that was ever read of it; open runs lose their claim."""
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk, sandbox=True)
    for run_id in SyncRun.objects.filter(enterprise=enterprise).values_list("pk", flat=True):
        bulk.forget_staged(run_id)
    RunChange.objects.filter(run__enterprise=enterprise).delete()
    Lacked.objects.filter(enterprise_id=enterprise.pk).delete()
    Match.objects.filter(account_id__in=Account.objects.filter(enterprise=enterprise).values("pk")).delete()
    BridgeItem.people.through.objects.filter(bridgeitem__enterprise=enterprise).delete()
    BridgeItem.rows.through.objects.filter(bridgeitem__enterprise=enterprise).delete()
    for model in (BridgeItem, Seat, RowAccount, LicenseRow, Account, Person, CloudAccount):
        model.objects.filter(enterprise=enterprise).delete()
    ConnectedFeature.objects.filter(connection__server__enterprise=enterprise).delete()
    Connection.objects.filter(server__enterprise=enterprise).delete()
    slug = enterprise.slug
    audit_chain.forget_all(enterprise)
    enterprise.delete()
    audit.record("enterprise.remove", by=None, enterprise=None, subject=slug)
