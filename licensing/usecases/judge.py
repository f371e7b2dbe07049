"""Give verdicts and rebuild the bridge for the marked components: whole ones, as `close_components` left them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby, islice
from operator import itemgetter

from licensing.models import BridgeItem, bulk
from licensing.rules import bridge, verdicts

from .estate import Estate

# Any two moments, and any two cloud accounts: a rule asks only which is later, and whether they are the same.
SYNCED = datetime(2000, 1, 2, tzinfo=UTC)
BEFORE = SYNCED - timedelta(days=1)
HERE, THERE = 1, 2


def judge(facts: Estate) -> None:
    """Write verdicts of accounts and rows where they changed, and the bridge items of these components."""
    bulk.tie_rows(
        (server, bulk.moment(known.synced_at), known.never_synced) for server, known in facts.servers.items()
    )
    bulk.settle_verdicts((code, verdicts.verdict(situation(code))) for code in bulk.find_situations())
    bulk.settle_rows()
    bulk.drop_bridge_items()
    bulk.find_knots()
    components = chain(_knots(), _rows_of_nobody(), _pairs())
    while some := list(islice(components, bulk.BATCH)):
        _write_items(facts, some)


def situation(code: int) -> verdicts.VerdictInput:
    """What the rule is asked for accounts whose facts (`bulk.FACTS`) are the bits of `code`."""
    is_so = {name: bool(code >> at & 1) for at, name in enumerate(bulk.FACTS)}
    emails = ("key",) if is_so["listed"] else ("other",) if is_so["emails"] else ()
    row = verdicts.RowSays(is_so["valid"], HERE if is_so["row_cloud"] else None, emails)
    explained = (HERE if is_so["explains"] else THERE) if is_so["explained"] else None
    return verdicts.VerdictInput(
        key="key",
        consumes=is_so["consumes"],
        row=row if is_so["row"] else None,
        cloud_id=HERE if is_so["cloud"] else None,
        explained_cloud_id=explained,
        joins_other=is_so["joins_other"],
        row_parts=is_so["row_parts"],
        last_sync=SYNCED,
        never_synced=is_so["never_synced"],
        stopped_at=SYNCED if is_so["stopped_since"] else BEFORE,
        matched_at=SYNCED if is_so["matched_since"] else BEFORE,
        known_server=is_so["known_server"],
    )


def _pairs() -> Iterator[bridge.Component]:
    """A person alone, or with the one row of them: nothing else is tied to either."""
    for (person, row, delta), lines in groupby(bulk.pairs_that_differ(), key=itemgetter(0, 1, 2)):
        line = bridge.line_of(delta, {verdict for *_, verdict in lines if verdict})
        yield bridge.Component(line, delta, (person,), () if row is None else (row,))


def _rows_of_nobody() -> Iterator[bridge.Component]:
    line = bridge.line_of(-1, ["gone_since"])
    return (bridge.Component(line, -1, (), (row,)) for (row,) in bulk.rows_of_nobody())


def _knots() -> Iterable[bridge.Component]:
    rows, people, ties, accounts = bulk.knots()
    rows_of, accounts_of = defaultdict(list), defaultdict(list)
    for row, person in ties:
        rows_of[person].append(row)
    for account, person, _ in accounts:
        accounts_of[person].append(account)
    return bridge.components(
        [bridge.Row(row, bool(counted)) for row, counted in rows],
        [
            bridge.Person(person, bool(consumes), tuple(accounts_of[person]), tuple(rows_of[person]))
            for person, consumes in people
        ],
        {account: verdict for account, _, verdict in accounts},
    )


def _write_items(facts: Estate, components: list[bridge.Component]) -> None:
    items = BridgeItem.objects.bulk_create(
        [BridgeItem(enterprise=facts.enterprise, line=one.line, delta=one.delta) for one in components]
    )
    pairs = list(zip(items, components, strict=True))
    people, rows = BridgeItem.people.through, BridgeItem.rows.through
    people.objects.bulk_create(
        [people(bridgeitem_id=item.pk, person_id=person) for item, one in pairs for person in one.people]
    )
    rows.objects.bulk_create(
        [rows(bridgeitem_id=item.pk, licenserow_id=row) for item, one in pairs for row in one.rows]
    )
