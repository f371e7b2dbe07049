"""How many licenses each choice of the menus finds, as counted once for an edition (ENGINEERING §25)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ghconnect.models import Enterprise
from licensing.models import Account, FacetCounts, LicenseRow

from . import filters, search

# Qualifiers of which every answer changes with an edition alone.
NAMES = ("is", "role", "type", "matched-by", "verdict", "server", "org")
IN_USE = ("matched-by", "verdict")
EVERYTHING = search.Query()
# A choice that finds more than one of so many is met on the way through the list rather than gathered.
RARE = 25


@dataclass(frozen=True, slots=True)
class Facets:
    """What is known by view and choice; nothing where a worker has not counted this edition yet.

    `stamp` names this very counting.
    """

    counts: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    stamp: str = ""

    def count(self, view: str, query: search.Query) -> int | None:
        """How many licenses a search finds, None where that is not known."""
        if query.words or query.unknown or len(query.terms) > 1 or any(one.exclude for one in query.terms):
            return None
        known = self.counts.get(view, {})
        # What no account and no row has was not counted.
        nobody = [0] if known and query.terms and query.terms[0].name in IN_USE else []
        return next(iter(known.get(key(query), nobody)), None)

    def of_term(self, view: str, term: search.Term) -> int | None:
        """How many licenses one qualifier finds by itself, None where that is not known."""
        return self.count(view, search.Query(terms=(term,)))

    def is_common(self, view: str, term: search.Term) -> bool:
        """Whether one qualifier finds much of the list."""
        return self.is_much(view, self.of_term(view, term))

    def is_much(self, view: str, count: int | None) -> bool:
        """Whether so many are much of the list."""
        whole = self.count(view, EVERYTHING)
        return count is not None and whole is not None and count * RARE > whole

    def edge(self, view: str, term: search.Term, *, last: bool) -> int:
        """The id of the first or last license that a common qualifier finds."""
        return self.counts[view][key(search.Query(terms=(term,)))][2 if last else 1]


def of(enterprise: Enterprise) -> Facets:
    """Return what is known of the edition that is shown: one query."""
    row = FacetCounts.objects.filter(enterprise=enterprise, edition=enterprise.edition).first()
    return Facets(row.counts, f"{enterprise.pk}:{row.edition}:{row.at.timestamp()}") if row else Facets()


def key(query: search.Query) -> str:
    """The name of a choice: `server:ghe.example.com`; "" for the whole list."""
    return next((f"{term.name}:{term.value.lower()}" for term in query.terms), "")


def choices(enterprise: Enterprise) -> Iterator[search.Query]:
    """Yield each choice of the menus that may find somebody."""
    told = {name: search.QUALIFIERS[name] for name in NAMES}
    told["server"] = tuple(filters.hosts(enterprise))
    told["org"] = tuple(filters.organizations(enterprise))
    for name, values in (told | _in_use(enterprise)).items():
        for value in values:
            yield search.Query(terms=(search.Term(name, value),))


def _in_use(enterprise: Enterprise) -> dict[str, tuple[str, ...]]:
    """The rules and verdicts that some account or row has: of a dozen each, few."""
    live = Account.objects.filter(enterprise=enterprise, ended_edition=None)
    given = set(live.values_list("rule", "explained_rule", "verdict").distinct())
    rules = {rule for one in given for rule in one[:2]}
    rows = LicenseRow.objects.filter(enterprise=enterprise).values_list("verdict", flat=True).distinct()
    families = {one for one in search.FAMILIES if any(rule.startswith(f"{one}_") for rule in rules)}
    return {
        "matched-by": tuple(sorted((rules & set(search.RULES)) | families)),
        "verdict": tuple(sorted(({one[2] for one in given} | set(rows)) - {""})),
    }
