"""Thin hinges between Celery and the use cases: ids only, sent after commit, never eager."""

import logging

from celery import shared_task

from ghconnect import vitals
from ghconnect.usecases import audit_chain

from .usecases import (
    attention,
    deliver,
    export_jobs,
    facet_counts,
    github_status,
    recounts,
    retention,
    sandbox_clock,
    sandbox_estate,
    schedule,
    statistics,
    sweep,
    sync,
    twice_find,
)

log = logging.getLogger(__name__)


@shared_task(name="licensing.perform_sync")
def perform_sync(run_id: int, **_: object) -> None:
    """Perform one run."""
    sync.perform(run_id=run_id)


@shared_task(name="licensing.recount")
def recount(recount_id: int, **_: object) -> None:
    """Count everybody again where a contract changed or a server goes."""
    recounts.perform(recount_id=recount_id)


@shared_task(name="licensing.request_due_syncs")
def request_due_syncs(**_: object) -> None:
    """Ask what is due, and request it."""
    vitals.mark("dispatcher")
    sandbox_clock.follow()
    schedule.dispatch()
    recounts.by_rules()
    deliver.dispatch()
    twice_find.dispatch()
    facet_counts.dispatch()


@shared_task(name="licensing.sweep_stale_runs")
def sweep_stale_runs(**_: object) -> None:
    """Send runs that wait long enough, whose worker died, or whose message was lost."""
    sweep.sweep()
    export_jobs.sweep()
    audit_chain.seal()
    audit_chain.send()


@shared_task(name="licensing.watch_github")
def watch_github(enterprise_id: int, **_: object) -> None:
    """Read GitHub's own sync status of every server, and once a day what servers share with it."""
    github_status.watch(enterprise_id=enterprise_id)
    statistics.read(enterprise_id=enterprise_id)


@shared_task(name="licensing.refresh_attention")
def refresh_attention(enterprise_id: int = 0, **_: object) -> None:
    """Bring the table of what needs somebody up to date: of one enterprise, or of all."""
    attention.refresh_ids(enterprise_id)


@shared_task(name="licensing.find_counted_twice")
def find_counted_twice(enterprise_id: int, **_: object) -> None:
    """Find who is probably counted twice since the last edition."""
    twice_find.find_id(enterprise_id)


@shared_task(name="licensing.count_facets")
def count_facets(enterprise_id: int, **_: object) -> None:
    """Count what each choice of the search finds since the last edition."""
    facet_counts.count_id(enterprise_id)


@shared_task(name="licensing.deliver_alerts")
def deliver_alerts(receiver_id: int, **_: object) -> None:
    """Deliver what waits for one receiver."""
    deliver.deliver(receiver_id=receiver_id)


@shared_task(name="licensing.load_sandbox")
def load_sandbox(enterprise_id: int, **_: object) -> None:
    """Remove the pretend enterprise and load it anew."""
    sandbox_estate.load_again(enterprise_id=enterprise_id, say=log.info)


@shared_task(name="licensing.write_export")
def write_export(export_id: int, **_: object) -> None:
    """Write one file that was asked for."""
    export_jobs.perform(export_id=export_id)


@shared_task(name="licensing.prune")
def prune(**_: object) -> None:
    """Forget what is kept no longer."""
    log.info("kept no longer: %s", retention.prune())
