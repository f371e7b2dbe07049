"""What must hold after every fault, counted by definition."""

from __future__ import annotations

from django.db.models import Count

from ghconnect.models import Enterprise, Server
from licensing.models import Account, Edition, Match, Seat, SyncRun
from tests.faults.console import Console
from tests.support.stack import eventually


def over(run: SyncRun, *states: str, within: float) -> bool:
    """Wait until the run stands so (by default: is published, or changed nothing); False when it does not."""
    wanted = states or SyncRun.GOOD

    def stands() -> bool:
        run.refresh_from_db()
        return run.state in wanted

    try:
        return bool(eventually(stands, within=within))
    except AssertionError:
        return False


def doubled(of: Enterprise) -> int:
    """Count what is there twice: live accounts, spans, seats, and runs of one period."""
    live = Account.objects.filter(enterprise=of, ended_edition=None)
    spans = Match.objects.filter(account_id__in=live.values("pk"), to_edition=None)
    seats = Seat.objects.filter(enterprise=of, to_edition=None)
    periods = SyncRun.objects.filter(enterprise=of).exclude(period="")
    groups = (
        live.values("server", "remote_user_id"),
        spans.values("account_id"),
        seats.values("person_id"),
        periods.values("server", "period"),
    )
    return sum(rows.annotate(n=Count("pk")).filter(n__gt=1).count() for rows in groups)


def stuck(of: Enterprise) -> int:
    """Count runs that are not over."""
    return SyncRun.objects.filter(enterprise=of, state__in=SyncRun.OPEN).count()


def wrong(console: Console, of: Enterprise, servers: dict[str, Server]) -> int:
    """Count accounts and licenses that are other than pretend GitHub has them; no cloud side."""
    off = 0
    for short, server in servers.items():
        live = Account.objects.filter(server=server, ended_edition=None)
        off += len(set(live.values_list("remote_user_id", flat=True)) ^ console.accounts(short).keys())
    seats = Seat.objects.filter(enterprise=of, to_edition=None).count()
    newest = Edition.objects.filter(enterprise=of).order_by("-number").first()
    counted: int = newest.totals["expected"] if newest else 0
    return off + abs(seats - console.licenses(*servers)) + abs(counted - seats)
