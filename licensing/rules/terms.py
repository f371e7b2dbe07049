"""Search terms of a person: what no index of its own column finds (ENGINEERING §25)."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 120


def terms(
    name: str, roles: Iterable[str], enterprise_roles: Iterable[str], invites: Iterable[str]
) -> set[str]:
    """Return the terms of a person as GitHub's row gives it (reference §5.3).

    `roles` are `org:Owner`, `org:Member` or `org/repository:Collaborator`; `invites` names of organizations. A name's
    beginning is found by the index lists are sorted by; its other words are terms.
    """
    found = {name_term(word) for word in re.split(r"\s+", name.lower())[1:] if word}
    found |= {organization_term(re.split("[/:]", one, maxsplit=1)[0]) for one in [*roles, *invites]}
    return found | {role_term(one) for one in enterprise_roles}


def name_term(word: str) -> str:
    """A word of a name, in lower case."""
    return f"n:{word}"[:LONGEST]


def organization_term(name: str) -> str:
    """An organization; their names know no case."""
    return f"o:{name.lower()}"[:LONGEST]


def organization(term: str) -> str:
    """The name in the term of an organization."""
    return term[2:]


def role_term(role: str) -> str:
    """A role in the enterprise, in GitHub's words, however they are put together."""
    return f"r:{role.lower().replace(' ', '_').replace('-', '_')}"[:LONGEST]
