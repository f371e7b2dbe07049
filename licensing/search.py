"""What somebody types into the search of consumed licenses: words, and qualifiers that narrow the list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL
from licensing.rules.verdicts import LINE_ORDER

DEPLOYMENTS = ("cloud", "server", "both", "invitation")
RULES = ("github", *IDENTITY_KINDS, VERIFIED_EMAIL, "github_learned", "same_email", "own_email", "alone")

# By qualifier: the values it knows, or none where any value may be meant.
QUALIFIERS: Mapping[str, tuple[str, ...]] = {
    "is": (*DEPLOYMENTS, "suspended"),
    "server": (),
    "verdict": LINE_ORDER,
    "matched-by": RULES,
    "org": (),
}
# As pages print an account of a server: ghe-tokyo:17, or with the whole host name.
ACCOUNT = "account"

_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_QUALIFIED = re.compile(r'(-?)([\w.-]+):"?([^"]*)"?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """One qualifier: `name:value`, or `-name:value` to leave those out."""

    name: str
    value: str
    exclude: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """`text` is what a login, name or email must begin with; `unknown` what was typed and means nothing here."""

    text: str = ""
    terms: tuple[Term, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than the whole list."""
        return bool(self.text or self.terms or self.unknown)


def parse(typed: str) -> Query:
    """Read what was typed; never fails. A qualifier nobody knows, or a value it does not have, is `unknown`."""
    words, terms, unknown = [], [], []
    for token in _TOKEN.findall(typed.replace("\0", "")):
        found = _QUALIFIED.fullmatch(token)
        if found is None:
            words.append(token.replace('"', ""))
        elif term := _term(found[2], found[3], exclude=bool(found[1])):
            terms.append(term)
        else:
            unknown.append(token)
    return Query(" ".join(words), tuple(terms), tuple(unknown))


def _term(name: str, value: str, *, exclude: bool) -> Term | None:
    key = name.lower()
    if key in QUALIFIERS:
        known = QUALIFIERS[key]
        plain = value.lower().replace("-", "_") if known else value
        return Term(key, plain, exclude) if plain and (not known or plain in known) else None
    if value.isascii() and value.isdigit() and len(value) <= 18:
        return Term(ACCOUNT, f"{key}:{value}", exclude)
    return None
