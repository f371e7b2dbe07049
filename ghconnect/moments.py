"""Words for moments: how long ago, how old, exactly when; in the viewer's language and zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# After so many days a date says more than a count of days.
DATE_AFTER = timedelta(days=60)


def ago(when: datetime, now: datetime) -> str:
    """Return "3 hours ago", "yesterday", "26 days ago", a date when long past, "in 2 days" when to come."""
    past = now - when
    if past >= DATE_AFTER or past <= -DATE_AFTER:
        return day(when)
    if past < -timedelta(minutes=1):
        return _to_come(-past)
    if past < timedelta(minutes=1):
        return _("just now")
    return _past(past)


def until(when: datetime, now: datetime) -> str:
    """Return "within a minute" of what is about to come, else as `ago`."""
    return _("within a minute") if abs(when - now) < timedelta(minutes=1) else ago(when, now)


def age(when: datetime, now: datetime) -> str:
    """Return "4 days old", of data that stays until the next sync; minutes and hours while it is young."""
    old = max(now - when, timedelta())
    if old < HOUR:
        return _counted(ngettext("%(n)s minute old", "%(n)s minutes old", n := _minutes(old)), n)
    if old < 2 * DAY:
        return _counted(ngettext("%(n)s hour old", "%(n)s hours old", n := old // HOUR), n)
    return _counted(ngettext("%(n)s day old", "%(n)s days old", n := old // DAY), n)


def moment(when: datetime) -> str:
    """Return "24 Nov 2026, 06:12 UTC"."""
    return dateformat.format(timezone.localtime(when), pgettext("date format", "j M Y, H:i T"))


def short_moment(when: datetime) -> str:
    """Return "24 Nov 06:12 UTC", for times of the last days."""
    return dateformat.format(timezone.localtime(when), pgettext("date format", "j M H:i T"))


def day(when: datetime) -> str:
    """Return "24 Nov 2026"."""
    return dateformat.format(timezone.localtime(when), pgettext("date format", "j M Y"))


def about(when: datetime) -> str:
    """Return "Monday about 10:40 JST", for a sync due within a week."""
    return dateformat.format(timezone.localtime(when), pgettext("date format", r"l \a\b\o\u\t H:i T"))


def exact(when: datetime) -> str:
    """Return "2026-11-24 06:12:30 UTC", the same for every viewer."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _past(past: timedelta) -> str:
    if past < HOUR:
        return _counted(ngettext("%(n)s minute ago", "%(n)s minutes ago", n := _minutes(past)), n)
    if past < DAY:
        return _counted(ngettext("%(n)s hour ago", "%(n)s hours ago", n := past // HOUR), n)
    if past < 2 * DAY:
        return _("yesterday")
    return _counted(ngettext("%(n)s day ago", "%(n)s days ago", n := past // DAY), n)


def _to_come(wait: timedelta) -> str:
    if wait < HOUR:
        return _counted(ngettext("in %(n)s minute", "in %(n)s minutes", n := _minutes(wait)), n)
    if wait < DAY:
        return _counted(ngettext("in %(n)s hour", "in %(n)s hours", n := wait // HOUR), n)
    return _counted(ngettext("in %(n)s day", "in %(n)s days", n := wait // DAY), n)


def _minutes(span: timedelta) -> int:
    return max(1, span // timedelta(minutes=1))


def _counted(words: str, n: int) -> str:
    return words % {"n": n}
