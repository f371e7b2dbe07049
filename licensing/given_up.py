"""What workers tried too often and try no more, for pages and `manage.py doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from ghconnect import wording
from ghconnect.models import Enterprise
from ghconnect.usecases.doctor import FAILED, OK, WARNING, Finding
from licensing.models import FacetCounts, Recount, TwiceFound
from licensing.usecases import by_edition, facet_counts, twice_find

# How to ask again, by what was asked for.
AGAIN = {
    Recount.Cause.CONTRACT: "an owner saves the contract again",
    Recount.Cause.SETTING: "an owner saves the setting of who consumes again",
    Recount.Cause.SERVER: "an owner removes the server again",
    Recount.Cause.RULES: "manage.py count_by_rules lets it be tried, also where it releases licenses",
}


def findings() -> Iterator[Finding]:
    """Tell of changes that nobody was counted by; a worker that dies needs memory."""
    rows = Recount.objects.given_up().select_related("enterprise").order_by("pk")
    for row in rows:
        why = f"not counted since {row.failed_at:%Y-%m-%d %H:%M} UTC: {wording.name(row.error_key)}"
        mend = "see the worker's log and its memory; then " + AGAIN[Recount.Cause(row.cause)]
        yield Finding(f"count {row}", FAILED, f"{why}; {mend}")
    told = [*_by_edition()]
    yield from told
    if not rows and not told:
        yield Finding("counts", OK, "nothing was given up")


def _by_edition() -> Iterator[Finding]:
    """What follows each publication, and kills its worker each time."""
    for task, done, what in (
        (facet_counts.TASK, FacetCounts, "numbers beside the filters"),
        (twice_find.TASK, TwiceFound, "counted twice"),
    ):
        for enterprise in by_edition.behind(done):
            if by_edition.is_given_up(task, enterprise):
                why = f"not worked out for edition {enterprise.edition}: interrupted {by_edition.TRIES} times"
                mend = "see the worker's log and its memory; it is tried again after the next publication"
                yield Finding(f"{what} of {enterprise.slug}", WARNING, f"{why}; {mend}")


def of(enterprise: Enterprise) -> list[Recount]:
    """Return what of an enterprise was given up: one query."""
    return list(Recount.objects.given_up().filter(enterprise=enterprise).order_by("pk"))
