"""From GitHub's count to the expected one, as overview, licensing and difference show it (PRODUCT §2).

`of(enterprise)` gives the one `bridge` of a page, and
`{% include "elements/bridge.html" with lines=bridge.lines %}` draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ghconnect import moments, wording
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number, short_moment
from licensing.models import Account, BridgeItem, CloudPicture, Edition, ServerPicture
from licensing.rules.bridge import OTHER
from licensing.rules.verdicts import LINE_ORDER

LINES = (*LINE_ORDER, OTHER)
NEVER_RECEIVED = "never_received"
# So many servers are named in a line.
NAMED = 5
# Reasons for which somebody is taken to consume until GitHub has spoken, with what finds them beside their verdict.
UNSURE = {"never_active_unsynced": "is:never-active ", "no_email": ""}
# As GitHub's filter of deployments says it, in the order of the bar.
DEPLOYMENTS: Mapping[str, str | Promise] = {
    "cloud": gettext_lazy("Cloud members"),
    "both": gettext_lazy("Members on cloud and server"),
    "server": gettext_lazy("Server members"),
    "invitation": gettext_lazy("Pending invitations"),
}


@dataclass(frozen=True, slots=True)
class BridgeLine:
    """What elements/bridge.html takes of a line; `key` is the verdict, "" for a total.

    `parts` say of how many of its people it is not sure that they consume: lines below it, in no sum.
    """

    label: str
    value: int | None
    key: str = ""
    note: str = ""
    href: str = ""
    signed: bool = False
    total: bool = False
    quiet: bool = False
    bad: bool = False
    parts: tuple[BridgeLine, ...] = ()


@dataclass(frozen=True, slots=True)
class BridgeView:
    """The count, what it should become, and who makes the difference; counts are licenses.

    `counted` is GitHub's, None without a cloud token; `purchased` None where not known or the contract is
    metered. `read` are GitHub's rows that count, `unexplained` what GitHub counts beyond them. `edition` 0:
    nothing is published yet. `rows` and `people` give the deployment (cloud, both, server, invitation) of
    GitHub's rows and of ours. `counted_at` is GitHub's time, `console_at` when this console last read
    anything, `oldest_at` the oldest picture it works with.
    """

    counted: int | None
    purchased: int | None
    read: int
    expected: int
    unexplained: int
    edition: int
    counted_at: datetime | None
    console_at: datetime | None
    oldest_at: datetime | None
    rows: Mapping[str, int]
    people: Mapping[str, int]
    changes: list[BridgeLine] = field(default_factory=list)

    @property
    def by_github(self) -> bool:
        """Whether GitHub's count is the headline."""
        return self.counted is not None

    @property
    def headline(self) -> int:
        """The one number: GitHub's count, else this console's."""
        return self.expected if self.counted is None else self.counted

    @property
    def deployments(self) -> Mapping[str, int]:
        """The headline by deployment."""
        return self.rows if self.by_github else self.people

    @property
    def available(self) -> int | None:
        """Purchased licenses nobody consumes; negative when more are consumed; None when not known."""
        return None if self.purchased is None else self.purchased - self.headline

    @property
    def over(self) -> int:
        """How many more than purchased are consumed, 0 when none."""
        return max(0, -(self.available or 0))

    @property
    def segments(self) -> list[dict[str, Any]]:
        """The headline as segments of {% usage_bar bridge.segments bridge.bar_total label %}."""
        told = [
            {"label": words, "value": self.deployments.get(key, 0), "css": f"chart-s{number}"}
            for number, (key, words) in enumerate(DEPLOYMENTS.items(), 1)
        ]
        if self.available is not None and self.available > 0:
            told.append({"label": _("Available"), "value": self.available, "css": "bar-rest"})
        return [segment for segment in told if segment["value"]]

    @property
    def bar_total(self) -> int:
        """How long the bar is: what is purchased, or consumed where that is more or nothing is known."""
        return max(self.purchased or 0, self.headline)

    @property
    def unexplained_words(self) -> str:
        """What to think of a remainder."""
        return wording.problem("not_explained", {"n": number(abs(self.unexplained))})

    @property
    def lines(self) -> list[BridgeLine]:
        """All lines in their order, totals included."""
        if self.counted is None:
            note = short_moment(self.console_at) if self.console_at else ""
            return [
                BridgeLine(
                    _("Consumed licenses, counted by this console"), self.expected, note=note, total=True
                )
            ]
        note = short_moment(self.counted_at) if self.counted_at else ""
        bad = self.unexplained != 0
        return [
            BridgeLine(_("Consumed licenses, counted by GitHub"), self.counted, note=note, total=True),
            *self._told,
            BridgeLine(_("Expected after every server's next sync"), self.expected, total=True),
            BridgeLine(_("Not explained"), self.unexplained, quiet=not bad, bad=bad),
        ]

    @property
    def short_lines(self) -> list[BridgeLine]:
        """The lines where the headline stands above them: who makes the difference, and what comes of it."""
        if self.unexplained or self.counted is None:
            return self.lines[1:]
        note = _("Not explained: {n}").format(n=number(0))
        return [*self._told, replace(self.lines[-2], note=note)]

    @property
    def _told(self) -> list[BridgeLine]:
        return [each for line in self.changes for each in (line, *line.parts)]

    @property
    def source(self) -> str:
        """Who counted the headline, and when, in words."""
        if not self.by_github:
            return _("Counted by this console. GitHub's count is not available.")
        when = moments.short_moment(self.counted_at) if self.counted_at else "–"
        return _("counted by GitHub · {time}").format(time=when)


def of(enterprise: Enterprise, *, changes: bool = True) -> BridgeView:
    """Return the bridge of the newest edition, beside GitHub's count: four queries, however many people.

    Without `changes` nobody is looked for who makes the difference: three queries that cost the same for everybody.
    """
    edition = Edition.objects.filter(enterprise=enterprise).order_by("-number").first()
    totals: Mapping[str, Any] = edition.totals if edition else {}
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    metered = enterprise.contract == Enterprise.Contract.METERED
    read_at = ServerPicture.objects.filter(server__enterprise=enterprise).aggregate(
        newest=Max("last_success"), oldest=Min("last_success")
    )
    # GitHub's count is shown at once, with its own time, also while its rows wait for an owner (ENGINEERING §8).
    counted, read = cloud.consumed if cloud else None, totals.get("read_as_counted", 0)
    return BridgeView(
        counted=counted,
        purchased=None if metered or cloud is None else cloud.purchased,
        read=read,
        expected=totals.get("expected", 0),
        unexplained=counted - read if cloud and cloud.rows_at and counted is not None else 0,
        edition=edition.number if edition else 0,
        counted_at=cloud.counted_at if cloud else None,
        console_at=latest((edition.at if edition else None, read_at["newest"])),
        oldest_at=read_at["oldest"],
        rows=totals.get("rows", {}),
        people=totals.get("people", {}),
        changes=_changes(enterprise, totals.get("lines", {})) if changes else [],
    )


def latest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the last of the moments that are known."""
    return max((time for time in times if time), default=None)


def _changes(enterprise: Enterprise, deltas: Mapping[str, int]) -> list[BridgeLine]:
    people = {
        line["line"]: line
        for line in BridgeItem.objects.filter(enterprise=enterprise)
        .values("line")
        .annotate(
            n=Count("people", distinct=True),
            absent=Count("id", filter=Q(people=None), distinct=True),
            one=Min("people"),
            name=Min("people__name"),
            listed=Min("rows__sort"),
            **{reason: Count("people", distinct=True, filter=Q(people__reason=reason)) for reason in UNSURE},
        )
    }
    known = [key for key in LINES if key in deltas]
    return [
        _change(enterprise, key, deltas[key], people.get(key, {}))
        for key in [*known, *sorted(deltas.keys() - set(LINES))]
    ]


def _change(enterprise: Enterprise, key: str, delta: int, people: Mapping[str, Any]) -> BridgeLine:
    """A line names its one person, else how many they are; accounts that are gone have no person."""
    n, absent, label = people.get("n", 0), people.get("absent", 0), _label(enterprise, key)
    parts = tuple(
        _part(enterprise, key, reason, people.get(reason, 0)) for reason in UNSURE if people.get(reason)
    )
    if n == 1 and not absent:
        href = reverse("person", kwargs={"slug": enterprise.slug, "pk": people["one"]})
        return BridgeLine(
            label,
            delta,
            key,
            people["name"] or people["listed"] or _("No name"),
            href,
            signed=True,
            parts=parts,
        )
    notes = [ngettext("%(n)s person", "%(n)s people", n) % {"n": number(n)}] if n else []
    if absent:
        notes.append(ngettext("%(n)s removed", "%(n)s removed", absent) % {"n": number(absent)})
    href = f"{reverse('difference', kwargs={'slug': enterprise.slug})}?line={key}"
    return BridgeLine(label, delta, key, wording.listed(notes), href, signed=True, parts=parts)


def _part(enterprise: Enterprise, key: str, reason: str, n: int) -> BridgeLine:
    """How many people of a line GitHub may not count once it has seen them (ENGINEERING §18)."""
    where = reverse("consumed", kwargs={"slug": enterprise.slug})
    note = ngettext("%(n)s person", "%(n)s people", n) % {"n": number(n)}
    href = f"{where}?view=expected&q={UNSURE[reason]}verdict:{key}"
    return BridgeLine(wording.reason(reason), n, reason, note, href, signed=True, quiet=True)


def _label(enterprise: Enterprise, key: str) -> str:
    """A line of servers that GitHub never synced names them, with how many people each has."""
    if key != NEVER_RECEIVED:
        return line_words(key)
    live = Account.objects.filter(enterprise=enterprise, ended_edition=None, verdict=key)
    found = (
        live.values("server__host")
        .annotate(n=Count("person_id", distinct=True))
        .order_by("-n", "server__host")
    )
    each = [(one["server__host"].partition(".")[0], one["n"]) for one in found]
    told = [f"{name} ({number(n)})" if len(each) > 1 else name for name, n in each[:NAMED]]
    rest = [_("{n} more").format(n=number(len(each) - NAMED))] if len(each) > NAMED else []
    return wording.verdict(key, {"servers": wording.listed([*told, *rest])} if told else None)


def line_words(key: str) -> str:
    """What a line of the bridge is called: the verdict its people have in common."""
    return _("Other differences") if key == OTHER else wording.verdict(key)
