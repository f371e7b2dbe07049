"""What somebody types into the search of consumed licenses: words, and qualifiers that narrow the list."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL
from licensing.rules.verdicts import LINE_ORDER

DEPLOYMENTS = ("cloud", "server", "both", "invitation")
STATES = ("suspended", "dormant", "never_active")
ROLES = ("owner", "member", "outside_collaborator", "repository_collaborator")
TYPES = ("enterprise", "visual_studio")
RULES = ("github", *IDENTITY_KINDS, VERIFIED_EMAIL, "github_learned", "same_email", "own_email", "alone")
# Products of advanced security of which somebody is an active committer.
PRODUCTS = ("code_security", "secret_protection")
# Words for several rules at once.
FAMILIES = ("saml", "scim")
SINCE = "since"

# By qualifier: the values it knows, or none where any value may be meant.
QUALIFIERS: Mapping[str, tuple[str, ...]] = {
    "is": (*DEPLOYMENTS, *STATES),
    "server": (),
    "org": (),
    "role": ROLES,
    "type": TYPES,
    "email": (),
    "matched-by": (*FAMILIES, *RULES),
    "cost-center": (),
    "product": PRODUCTS,
    "verdict": LINE_ORDER,
    SINCE: (),
}
# Other words for a value.
ALIASES: Mapping[str, Mapping[str, str]] = {
    "is": {"pending": "invitation"},
    "type": {"vss": "visual_studio", "visual_studio_subscription": "visual_studio"},
    "matched-by": {"verified": VERIFIED_EMAIL},
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
    """Each of `words` begins a login, a word of the name or an email; `unknown` was typed and means nothing here."""

    words: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than the whole list."""
        return bool(self.words or self.terms or self.unknown)


def parse(typed: str) -> Query:
    """Read what was typed; never fails. A qualifier nobody knows, or a value it does not have, is `unknown`.

    Words in quotation marks are one word.
    """
    words, terms, unknown = [], [], []
    for token in tokens(typed):
        found = _QUALIFIED.fullmatch(token)
        if found is None:
            words.append(token.replace('"', "").strip())
        elif term := _term(found[2], found[3], exclude=bool(found[1])):
            terms.append(term)
        else:
            unknown.append(token)
    return Query(tuple(filter(None, words)), tuple(terms), tuple(unknown))


def tokens(typed: str) -> list[str]:
    """Return the words and qualifiers that were typed, as they were."""
    return _TOKEN.findall(typed.replace("\0", ""))


def _term(name: str, value: str, *, exclude: bool) -> Term | None:
    key = name.lower()
    if key in QUALIFIERS:
        meant = _value(key, value)
        return Term(key, meant, exclude) if meant else None
    if value.isascii() and value.isdigit() and len(value) <= 18:
        return Term(ACCOUNT, f"{key}:{value}", exclude)
    return None


def _value(name: str, value: str) -> str:
    """The value as it is known, "" where it is not."""
    if name == SINCE:
        return value if _is_date(value) else ""
    if not QUALIFIERS[name]:
        return value.strip()
    plain = value.lower().replace("-", "_").replace(" ", "_")
    plain = ALIASES.get(name, {}).get(plain, plain)
    return plain if plain in QUALIFIERS[name] else ""


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


def suggestion(token: str) -> str:
    """Return the qualifier that was probably meant by one nobody knows, "" where nothing is near."""
    found = _QUALIFIED.fullmatch(token)
    if found is None:
        return ""
    minus, name, value = found[1], found[2].lower(), found[3].lower().replace("_", "-")
    if name not in QUALIFIERS:
        name = next(iter(get_close_matches(name, QUALIFIERS, n=1)), "")
    if not name or not value:
        return ""
    if not QUALIFIERS[name]:
        return f"{minus}{name}:{value}" if _value(name, value) else ""
    near = get_close_matches(value, dict.fromkeys(values(name)), n=1)
    told = next((f"{name}:{one}" for one in near), "") or next(_elsewhere(value), "")
    return minus + told if told else ""


def values(name: str) -> Iterator[str]:
    """Yield the values of a qualifier as people type them."""
    for value in (*QUALIFIERS[name], *ALIASES.get(name, {})):
        yield value.replace("_", "-")


def _elsewhere(value: str) -> Iterator[str]:
    """The value under the qualifier it belongs to: `is:vss` means `type:vss`."""
    return (f"{name}:{value}" for name in QUALIFIERS if value in values(name))


def quoted(value: str) -> str:
    """Return a value as it must be typed."""
    return f'"{value}"' if re.search(r"\s", value) else value


def with_term(typed: str, name: str, value: str, among: Collection[str] = ()) -> str:
    """Return what is typed with `name` asking for `value` alone; without it where it asks for just that.

    Of a qualifier that several menus share, only what is `among` the values of this one is taken away.
    """
    kept = [token for token in tokens(typed) if not _is_of(token, name, among)]
    return " ".join(kept if asks(typed, name, value) else [*kept, f"{name}:{quoted(value)}"])


def _is_of(token: str, name: str, among: Collection[str]) -> bool:
    told, _colon, value = token.partition(":")
    return told.lower() == name and (not among or _value(name, value.strip('"')) in among)


def asks(typed: str, name: str, value: str) -> bool:
    """Whether what is typed holds `name:value`."""
    wanted = Term(name, _value(name, value))
    return wanted in parse(typed).terms
