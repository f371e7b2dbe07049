"""One sentence and one verb for whatever needs somebody (PRODUCT §5.4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Params, Template, Wordings, say, unknown

ITEMS: dict[str, Wordings] = {
    "held": (_("Held: would remove {n} accounts"), _("Held: waits for an owner")),
    "failing": (
        _("Failing since {day}: {reason}"),
        _("Failing since {day}"),
        _("Failing: {reason}"),
        _("Failing"),
    ),
    "silent": (_("Nothing received for {n} days"), _("Nothing received")),
    "never_synced": _("Not read by this console yet"),
    "stale": (_("Data is {n} days old and still used"), _("Data is old and still used")),
    "late": (_("Due {when}, not run yet"), _("Due, not run yet")),
    "github_stale": (_("GitHub last synced {ago}"), _("GitHub has not synced for long")),
    "github_upload_stale": (_("Usage last uploaded {ago}"), _("Usage has not been uploaded for long")),
    "github_failed": (_("GitHub's own sync failed: {words}"), _("GitHub's own sync failed")),
    "github_never_synced": _("GitHub has never synced it"),
    "unknown_server": (_("{n} licenses, server not known here"), _("Server not known here")),
    "moved_or_copied": (
        _("Same server ID as {twin}: was it moved, or is this a copy?"),
        _("Same server ID as another server: moved, or a copy?"),
    ),
    "not_explained": _("{n} licenses of the difference are not explained"),
    "count_fell": _("GitHub's count fell by {n} since the day before"),
    "over_purchased": _("{n} more than purchased"),
    "limit_near": (
        _("Close to the limit: {n} of {m} purchased licenses left"),
        _("The limit is reached: none of {m} purchased licenses left"),
    ),
    "cloud_held": (_("GitHub's report is held: {reason}"), _("GitHub's report is held")),
    "cloud_failing": (
        _("GitHub's report cannot be read since {day}: {reason}"),
        _("GitHub's report cannot be read: {reason}"),
    ),
    "uncounted_contract": _("The contract that was set could not be counted: {reason}"),
    "uncounted_setting": _("The setting of who consumes a license could not be counted: {reason}"),
    "uncounted_server_removed": _("It could not be removed: {reason}"),
    "license_ends": _("The license of the instance ends on {day}"),
    "token_ends": _("The token of the enterprise ends on {day}"),
}

VERBS: dict[str, Template] = {
    "answer": _("Answer"),
    "review": _("Review"),
    "show_how": _("Show how"),
    "sync_now": _("Sync now"),
    "open_on_the_instance": _("Open on the instance"),
    "see_people": _("See people"),
    "download_evidence": _("See the difference"),
    "replace_token": _("Replace token"),
    "ask_again": _("Ask again"),
}


def attention(key: str, params: Params | None = None) -> str:
    """What needs somebody, in one short sentence; `reason` is in words already."""
    wordings = ITEMS.get(key)
    return say(wordings, params or {}) if wordings else unknown(key)


def verb(key: str) -> str:
    """The deed that ends it; "remedy" has its own words by the trouble (`wording.remedy`)."""
    return str(VERBS[key]) if key in VERBS else unknown(key)
