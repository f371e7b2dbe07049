"""What needs somebody in one enterprise: facts from rows, items by `rules.attention`, words and links.

`usecases.attention.refresh` keeps the items in a table; pages, alerts, the API and commands read it by `shown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import NoReverseMatch, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import clock, moments, wording
from ghconnect.models import Enterprise, Server
from ghconnect.templatetags.ghconnect_ui import number
from licensing import clocks, sides
from licensing.bridge import BridgeView
from licensing.models import (
    Account,
    Alerting,
    AttentionItem,
    CloudPicture,
    GitHubCount,
    Person,
    Recount,
    SyncRun,
)
from licensing.rules import attention as rules
from licensing.rules import guard, states
from licensing.rules.verdicts import EFFECT

# Verdicts by which GitHub's next sync of a server changes its count.
PENDING = tuple(key for key, effect in EFFECT.items() if effect)
LOOKS: Mapping[str, tuple[str, str]] = {
    "held": ("stop", "color-fg-severe"),
    "failing": ("x-circle", "color-fg-danger"),
    "silent": ("inbox", "color-fg-severe"),
    "uncounted_contract": ("x-circle", "color-fg-danger"),
    "uncounted_setting": ("x-circle", "color-fg-danger"),
    "uncounted_server_removed": ("x-circle", "color-fg-danger"),
    "unknown_server": ("question", "color-fg-attention"),
    "moved_or_copied": ("question", "color-fg-attention"),
    "github_failed": ("x-circle", "color-fg-danger"),
    "not_explained": ("alert", "color-fg-danger"),
    "count_fell": ("arrow-down", "color-fg-attention"),
    "over_purchased": ("alert", "color-fg-danger"),
    "limit_near": ("alert", "color-fg-attention"),
    "license_ends": ("key", "color-fg-attention"),
    "cloud_held": ("stop", "color-fg-severe"),
    "cloud_failing": ("x-circle", "color-fg-danger"),
    "token_ends": ("key", "color-fg-attention"),
}
# Parameters that are moments; JSON keeps them as text.
MOMENTS = ("date", "date2", "when")
PLACES = {
    "ask_again": "enterprise_settings",
    "download_evidence": "difference",
    "replace_token": "settings_github",
}
# What is over, or another state since, is looked at on the server's own page.
OF_SERVER = ("remedy", "review", "sync_now", "show_how")
OPEN_TO_ALL = {"answer", "review", "open_on_the_instance", "see_people", "download_evidence"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An item as elements/attention.html takes it; `href` is "" where the viewer can do nothing.

    `key` and `subject` (a host, "" for the enterprise) are those of `rules.attention`.
    """

    key: str
    subject: str
    icon: str
    css: str
    who: str
    what: str
    stake: str
    verb: str
    href: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What items are drawn from, and what their words and links need besides."""

    enterprise: Enterprise
    facts: rules.AttentionFacts
    servers: Mapping[str, clocks.Clocks]
    pending: Mapping[str, Mapping[str, int]]
    cloud_run: SyncRun | None


def of(
    enterprise: Enterprise,
    servers: Sequence[clocks.Clocks],
    unknown: Sequence[clocks.Unknown],
    bridge: BridgeView,
    *,
    owner: bool,
) -> list[Shown]:
    """Draw what needs somebody from the facts of this moment; a constant number of queries."""
    gathered = gather(enterprise, servers, unknown, bridge)
    items = rules.attention(gathered.facts, clock.now(enterprise))
    return [say(item, gathered, owner=owner) for item in items]


def shown(enterprise: Enterprise, servers: Sequence[clocks.Clocks], *, owner: bool) -> list[Shown]:
    """Return the open items of the table, most licenses at stake first: two queries.

    What GitHub's next sync of each server changes stands in the items.
    """
    items = open_items(enterprise)
    known = {each.server.host: each for each in servers}
    pending: dict[str, Any] = {
        item.subject: item.params["pending"] for item in items if "pending" in item.params
    }
    run = _last_cloud_run(enterprise)
    gathered = Gathered(enterprise, rules.AttentionFacts(), known, pending, run)
    return [say(item, gathered, owner=owner) for item in items]


def open_items(enterprise: Enterprise) -> list[rules.Item]:
    """Return the open items of the table as the rules drew them, most licenses at stake first: one query."""
    rows = AttentionItem.objects.filter(enterprise=enterprise, cleared_at=None)
    return sorted((item_of(row) for row in rows), key=rules.weight)


def item_of(row: AttentionItem) -> rules.Item:
    """Return the item of a row; moments among its parameters are moments again."""
    params = {
        name: parse_datetime(value) if name in MOMENTS and isinstance(value, str) else value
        for name, value in row.params.items()
    }
    return rules.Item(row.key, row.subject, row.licenses, row.since, params, row.verb)


def gather(
    enterprise: Enterprise,
    servers: Sequence[clocks.Clocks],
    unknown: Sequence[clocks.Unknown],
    bridge: BridgeView,
) -> Gathered:
    """Read the facts; the costly ones only of servers that have something to say."""
    alone = _held_alone(each for each in servers if each.console.key in rules.CONSOLE_VERBS)
    pending = _pending(each for each in servers if each.github.key in rules.GITHUB_KEYS)
    run = _last_cloud_run(enterprise)
    facts = rules.AttentionFacts(
        servers=tuple(_server(each, alone, pending) for each in servers),
        unknown_hosts=tuple(
            rules.UnknownHost(
                one.host,
                one.licenses,
                one.sync.date if one.sync else None,
                one.twin.short_name if one.twin else "",
            )
            for one in unknown
        ),
        uncounted=tuple(
            rules.Uncounted(one.cause, one.subject, one.failed_at, one.error_key)
            for one in Recount.objects.given_up()
            .filter(enterprise=enterprise)
            .exclude(cause=Recount.Cause.RULES)  # a release is the operator's: `manage.py doctor` tells of it
            .order_by("pk")
        ),
        cloud=_cloud(enterprise, bridge, run),
    )
    return Gathered(enterprise, facts, {each.server.host: each for each in servers}, pending, run)


def _server(
    each: clocks.Clocks, alone: Mapping[int, int], pending: Mapping[str, Mapping[str, int]]
) -> rules.ServerFacts:
    now, host = clock.now(each.server.enterprise), each.server.host
    return rules.ServerFacts(
        host=host,
        console=states.console_state(each.facts, now),
        github=states.github_state(
            sides.github_facts(each.sync, readable=bool(each.server.enterprise.token), cadence=each.cadence),
            now,
        ),
        licenses=alone.get(each.server.pk, 0),
        releases=int(each.held.counts.get("releases", 0)) if each.held else 0,
        pending=sum(pending.get(host, {}).values()),
        added_at=each.server.created_at,
        license_ends_at=license_ends_at(each.server),
    )


def license_ends_at(server: Server) -> datetime | None:
    """Return when the license installed on the instance ends, by what it last told."""
    if server.license_read_at is None or server.license_days_left is None:
        return None
    return server.license_read_at + timedelta(days=server.license_days_left)


def _held_alone(servers: Iterable[clocks.Clocks]) -> dict[int, int]:
    """Count licenses that hang on one server alone, by server: people who consume by its accounts and no others."""
    ids = [each.server.pk for each in servers]
    if not ids:
        return {}
    people = Person.objects.filter(ended_edition=None, consumes=True, deployment="server")
    live = Account.objects.filter(ended_edition=None, consumes=True)
    elsewhere = live.filter(person_id=OuterRef("person_id")).exclude(server=OuterRef("server"))
    rows = live.filter(server__in=ids, person_id__in=people.values("pk")).exclude(Exists(elsewhere))
    counted = rows.order_by().values("server").annotate(n=Count("person_id", distinct=True))
    return {int(server): n for server, n in counted.values_list("server", "n")}


def _pending(servers: Iterable[clocks.Clocks]) -> dict[str, dict[str, int]]:
    """Count accounts whose verdict GitHub's next sync settles, by host and verdict."""
    ids = [each.server.pk for each in servers]
    if not ids:
        return {}
    live = Q(ended_edition=None) | Q(row_valid=True, row_id__isnull=False)
    rows = Account.objects.filter(live, server__in=ids, verdict__in=PENDING).order_by()
    found: dict[str, dict[str, int]] = {}
    for host, verdict, n in rows.values_list("server__host", "verdict").annotate(n=Count("pk")):
        found.setdefault(host, {})[verdict] = n
    return found


def _last_cloud_run(enterprise: Enterprise) -> SyncRun | None:
    """Return the last run of the cloud side that ended with a word, or waits after trouble."""
    rows = SyncRun.objects.filter(enterprise=enterprise, server=None)
    told = Q(state__in=clocks.SETTLED) | (Q(state=SyncRun.State.WAITING) & ~Q(error_key=""))
    run = rows.filter(told).order_by("-number").first()
    if run is not None:
        run.enterprise = enterprise
    return run


def _cloud(enterprise: Enterprise, bridge: BridgeView, run: SyncRun | None) -> rules.CloudFacts:
    picture = CloudPicture.objects.filter(enterprise=enterprise).first()
    consumed = bridge.counted or 0
    held = run if run is not None and run.state == SyncRun.State.HELD else None
    metered = enterprise.contract == Enterprise.Contract.METERED
    return rules.CloudFacts(
        consumed=consumed,
        consumed_before=_before(enterprise, consumed) if bridge.by_github else None,
        counted_at=bridge.counted_at,
        unexplained=bridge.unexplained,
        purchased=None if metered or not bridge.by_github else bridge.purchased,
        near_percent=_near_percent(enterprise),
        failing_since=picture.failing_since if picture else None,
        attempts=picture.failures if picture else 0,
        reason=run.error_key if run else "",
        held={} if held else None,
        held_at=held.finished_at if held else None,
        token_ends_at=enterprise.token_expires_at,
    )


def _near_percent(enterprise: Enterprise) -> int:
    rows = Alerting.objects.filter(enterprise=enterprise).values_list("near_percent", flat=True)
    return rows.first() or rules.NEAR_PERCENT


def _before(enterprise: Enterprise, consumed: int) -> int | None:
    """Return GitHub's count of a day ago where it has fallen by more than people come and go in a day."""
    since = clock.now(enterprise) - timedelta(days=1)
    rows = GitHubCount.objects.filter(enterprise=enterprise, at__lte=since).order_by("-at", "-pk")
    before = rows.values_list("consumed", flat=True).first()
    return before if before is not None and before - consumed > guard.limit(5, 2, before) else None


# --- words and links -------------------------------------------------------------------------------------------


def say(item: rules.Item, gathered: Gathered, *, owner: bool) -> Shown:
    """Say an item in the language of this moment; `href` may be a path or a whole address."""
    icon, css = LOOKS.get(item.key, ("clock", "color-fg-attention"))
    verb, href = _deed(item, gathered)
    return Shown(
        key=item.key,
        subject=item.subject,
        icon=icon,
        css=css,
        who=item.subject.split(".")[0] or gathered.enterprise.name,
        what=wording.attention(item.key, _params(item, gathered)),
        stake=_stake(item, gathered),
        verb=verb,
        href=href if owner or item.verb in OPEN_TO_ALL else "",
    )


def _params(item: rules.Item, gathered: Gathered) -> dict[str, Any]:
    params: dict[str, Any] = dict(item.params)
    now = clock.now(gathered.enterprise)
    date = params.get("date")
    if date:
        params |= {"day": moments.day(date), "ago": moments.ago(date, now)}
    if params.get("reason"):
        params["reason"] = wording.name(params["reason"])
    run = gathered.cloud_run
    if item.key == "cloud_held" and run is not None and run.holds:
        params["reason"] = wording.hold(run.holds[0]["key"], run.holds[0]["params"]).rstrip(".。")
    if isinstance(params.get("n"), int):
        params["n"] = number(params["n"]) if params["n"] else None
    return params


def _stake(item: rules.Item, gathered: Gathered) -> str:
    """What hangs on it: licenses, what GitHub does not know yet, or the data that stays."""
    if item.key.startswith("github_"):
        told = [pending_words(key, n) for key, n in sorted(gathered.pending.get(item.subject, {}).items())]
        return wording.listed(told)
    if item.key in ("failing", "silent", "stale", "late"):
        each = gathered.servers.get(item.subject)
        at = each.facts.picture_at if each else None
        return _("Data of {day} stays").format(day=moments.day(at)) if at else ""
    if not item.licenses or item.key in ("over_purchased", "not_explained", "count_fell", "limit_near"):
        return ""
    words = ngettext("{n} license at stake", "{n} licenses at stake", item.licenses)
    return words.format(n=number(item.licenses))


def pending_words(verdict: str, n: int) -> str:
    """Say how many people GitHub's next sync of the server changes, and how."""
    words = {
        "new_since": ngettext("{n} person not yet at GitHub", "{n} people not yet at GitHub", n),
        "never_received": ngettext("{n} person not yet at GitHub", "{n} people not yet at GitHub", n),
        "gone_since": ngettext("{n} suspended or removed since", "{n} suspended or removed since", n),
        "will_join": ngettext("{n} waiting to be joined", "{n} waiting to be joined", n),
        "will_part": ngettext("{n} to be counted apart", "{n} to be counted apart", n),
    }
    return words.get(verdict, "{n}").format(n=number(n))


def _deed(item: rules.Item, gathered: Gathered) -> tuple[str, str]:
    each = gathered.servers.get(item.subject)
    found = _deed_of_server(item, each) if each is not None else None
    return found or _deed_of_enterprise(item, gathered)


def _deed_of_server(item: rules.Item, each: clocks.Clocks) -> tuple[str, str] | None:
    where = {"slug": each.server.enterprise.slug, "host": item.subject}
    if item.verb == "open_on_the_instance":
        return wording.verb(item.verb), each.server.instance_url
    if each.console.key == item.key and each.console.step is not None:
        return each.console.step.label, each.console.step.url
    if item.verb == "ask_again":
        return wording.verb(item.verb), _href("server_settings", **where)
    return (_verb(item), _href("server_license", **where)) if item.verb in OF_SERVER else None


def _deed_of_enterprise(item: rules.Item, gathered: Gathered) -> tuple[str, str]:
    slug, run = gathered.enterprise.slug, gathered.cloud_run
    if item.verb == "remedy" and run is not None:
        step = sides.remedy(run)
        return step.label, step.url
    if item.verb == "review" and run is not None:
        return wording.verb(item.verb), _href("cloud_sync", slug=slug, number=run.number)
    if item.verb == "see_people":
        query = f"?{urlencode({'q': f'server:{item.subject}'})}" if item.subject else ""
        href = _href("consumed", slug=slug)
        return wording.verb(item.verb), href and href + query
    if item.verb == "answer":
        return wording.verb(item.verb), f"{_href('fleet', slug=slug)}#github-only"
    return _verb(item), _href(PLACES.get(item.verb, "fleet"), slug=slug)


def _verb(item: rules.Item) -> str:
    """A remedy has the words of its trouble, and none once that is over."""
    return wording.verb(item.verb) if item.verb != "remedy" else ""


def _href(name: str, **where: Any) -> str:
    try:
        return reverse(name, kwargs=where)
    except NoReverseMatch:
        return ""
