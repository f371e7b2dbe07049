"""Why a license could probably be avoided, and what would end it (PRODUCT §4.3)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Params, Wordings, say, unknown

CAUSES: dict[str, Wordings] = {
    "wider_folding": _("The two addresses differ only in spelling"),
    "same_login": _("The same login on GitHub, with another address"),
    "same_name": _("The same name on GitHub, with another address"),
    "robot": _("The same login without an email on several servers"),
    "unknown_server": (
        _("On {host}, a server this console does not know"),
        _("On a server this console does not know"),
    ),
    "invitation": _("Invited by email, though the person has an account"),
}

FIXES: dict[str, Wordings] = {
    "make_primary": (
        _("Make {to} the primary email of {login} on {host}"),
        _("Make an email GitHub knows the primary email of {login} on {host}"),
    ),
    "same_primary": (
        _("Give {login} the same primary email on {hosts}"),
        _("Give the accounts the same primary email"),
    ),
    "retire_server": (
        _("If {host} is no longer in use, ask GitHub Support to remove its usage"),
        _("If the server is no longer in use, ask GitHub Support to remove its usage"),
    ),
    "invite_by_username": (
        _("Withdraw the invitation of {address} and invite {cloud_login} by username"),
        _("Withdraw the invitation and invite by username"),
    ),
}


def cause(key: str, params: Params | None = None) -> str:
    """Why somebody is probably counted twice, or for nothing."""
    return say(CAUSES[key], params or {}) if key in CAUSES else unknown(key)


def fix(key: str, params: Params | None = None) -> str:
    """What somebody has to do so that the license is no longer counted."""
    return say(FIXES[key], params or {}) if key in FIXES else unknown(key)
