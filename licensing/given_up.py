"""What workers tried too often and try no more, for pages and `manage.py doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from ghconnect import wording
from ghconnect.models import Enterprise
from ghconnect.usecases.doctor import FAILED, OK, Finding
from licensing.models import Recount

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
    if not rows:
        yield Finding("counts", OK, "nothing was given up")


def of(enterprise: Enterprise) -> list[Recount]:
    """Return what of an enterprise was given up: one query."""
    return list(Recount.objects.given_up().filter(enterprise=enterprise).order_by("pk"))
