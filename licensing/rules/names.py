"""Names of people as addresses and logins spell them: their words, the shapes logins have, and how near two are."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

from rapidfuzz import fuzz

# From so many percent on an address reads like a name: one letter of ten may differ.
NEAR = 85


def folded(text: str) -> str:
    """A text without case, accents and variants of letters."""
    apart = normalize("NFKD", text).casefold()
    return normalize("NFKC", "".join(char for char in apart if not combining(char)))


def words(text: str) -> frozenset[str]:
    """The words of a name or local part in any order; one alone tells nothing."""
    found = frozenset(re.findall(r"\w+", normalize("NFKC", text).casefold().replace("_", " ")))
    return found if len(found) > 1 else frozenset()


def shape(text: str) -> str:
    """A login or local part with letters and digits alone: j.doe and J-Doe are jdoe."""
    return re.sub(r"[\W_]+", "", folded(text))


def shapes(name: str) -> frozenset[str]:
    """The logins that people called so usually get: jdoe, doej, janedoe, doejane; none of a name of one word."""
    parts = re.findall(r"[^\W_]+", folded(name))
    if len(parts) < 2:
        return frozenset()
    first, last = parts[0], parts[-1]
    return frozenset({first[0] + last, last + first[0], first + last, last + first})


def nearness(name: str, local: str) -> int:
    """How near the words of a local part are to a name, in percent, in whatever order (rapidfuzz)."""
    said = re.sub(r"[\W_]+", " ", folded(local)).strip()
    return round(fuzz.token_sort_ratio(re.sub(r"[\W_]+", " ", folded(name)), said)) if " " in said else 0
