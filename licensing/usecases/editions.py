"""Editions: what this console published, numbered, with the totals of that moment (ENGINEERING §9)."""

from __future__ import annotations

from typing import Any

from ghconnect import clock
from ghconnect.models import Enterprise
from ghconnect.queue import send
from licensing.models import CloudPicture, Edition, SyncRun, bulk
from licensing.rules import version


def publish(enterprise: Enterprise, *, cause: str, run: SyncRun | None = None) -> Edition:
    """Write the next edition, under the enterprise's lock; totals are counted from the rows."""
    number = enterprise.edition + 1
    edition = Edition.objects.create(
        enterprise=enterprise,
        number=number,
        at=clock.now(enterprise),
        cause=cause,
        run_id=run.pk if run else None,
        totals=totals(enterprise),
    )
    first = {} if number > 1 else {"rules_version": version.RULES_VERSION}
    Enterprise.objects.filter(pk=enterprise.pk).update(edition=number, **first)
    enterprise.edition = number
    for task in ("licensing.find_counted_twice", "licensing.count_facets"):
        send(task, enterprise_id=enterprise.pk)
    return edition


def refresh_counts(enterprise: Enterprise) -> None:
    """Bring GitHub's count, which is shown at once, into the newest edition's totals."""
    edition = Edition.objects.filter(enterprise=enterprise, number=enterprise.edition).first()
    if edition is not None:
        Edition.objects.filter(pk=edition.pk).update(totals=totals(enterprise))


def totals(enterprise: Enterprise) -> dict[str, Any]:
    """Count once what every page, export and alert shows.

    `counted`, `purchased`: as GitHub states them, None without a token; `counted_at` when it did.
    `read_as_counted`: its rows that count.
    `unexplained` = counted − read_as_counted. `lines`: the bridge by verdict. `expected`: persons that consume.
    """
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    rows: dict[str, int] = dict(
        bulk.stream(
            "SELECT kind, count(*) FROM licensing_licenserow WHERE enterprise_id = %s AND counted GROUP BY kind",
            enterprise.pk,
        )
    )
    people: dict[str, int] = dict(
        bulk.stream(
            "SELECT deployment, count(*) FROM licensing_person "
            "WHERE enterprise_id = %s AND consumes AND ended_edition IS NULL GROUP BY deployment",
            enterprise.pk,
        )
    )
    lines: dict[str, int] = dict(
        bulk.stream(
            "SELECT line, sum(delta) FROM licensing_bridgeitem WHERE enterprise_id = %s GROUP BY line",
            enterprise.pk,
        )
    )
    read = sum(rows.values())
    counted = cloud.consumed if cloud else None
    return {
        "counted": counted,
        "counted_at": cloud.counted_at.isoformat() if cloud and cloud.counted_at else None,
        "purchased": cloud.purchased if cloud else None,
        "read_as_counted": read,
        "unexplained": counted - read if counted is not None and cloud and cloud.rows_at else 0,
        "expected": sum(people.values()),
        "rows": rows,
        "people": people,
        "lines": {line: int(delta) for line, delta in lines.items()},
    }
