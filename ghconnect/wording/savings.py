"""Why a license could probably be avoided, and what would end it (PRODUCT §4.3)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Params, Wordings, say, unknown

CAUSES: dict[str, Wordings] = {
    "wider_folding": _("The two addresses differ only in spelling"),
    "secondary_email": _("Another address of the account on the server is one GitHub knows"),
    "saml_name": _("The SAML name on GitHub is the first part of the address"),
    "same_local": _("The same name before the @, in another domain of the enterprise"),
    "same_login": _("The same login on GitHub, with another address"),
    "same_name": _("The same name on GitHub, with another address"),
    "similar_name": _("The name on GitHub makes this login, and the address reads like it"),
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

# Who can do it, by how the accounts of the server are managed; "" is not stated.
ACTORS: dict[str, Wordings] = {
    "": _("{login} on {host}: Settings, Emails"),
    "built_in": _("{login} on {host}: Settings, Emails"),
    "ldap": _("Whoever manages LDAP for {host}: the mail attribute of {login}"),
    "saml": _("Whoever manages the identity provider of {host}: the email attribute of {login}"),
    "scim": _("Whoever manages the identity provider of {host}: the primary email of {login} sent by SCIM"),
    "same_primary": _("A site administrator of each of {hosts}: Site admin, {login}, Emails"),
    "retire_server": _("An enterprise owner, with GitHub Support"),
    "invite_by_username": _("An organization owner at GitHub: People, Invitations"),
}

# The message to the person who must change an address (PRODUCT §6.6): subject, then body.
MESSAGE: dict[str, Wordings] = {
    "subject": _("Subject: Your GitHub accounts count as two licenses."),
    "body": (
        _(
            "You have {cloud_login} on {place} and {login} on {host}. Please make {to} your primary email on {host}"
            " (Settings → Emails). Nothing else changes. We see it after the next sync. — {sender}"
        ),
        _(
            "You have {login} on {host} and another account of ours with {to}. Please make {to} your primary email on"
            " {host} (Settings → Emails). Nothing else changes. We see it after the next sync. — {sender}"
        ),
        _(
            "You have {login} on {host} and another account of ours with another address. Please ask us which address"
            " to make your primary email on {host} (Settings → Emails). — {sender}"
        ),
    ),
}


def cause(key: str, params: Params | None = None) -> str:
    """Why somebody is probably counted twice, or for nothing."""
    return say(CAUSES[key], params or {}) if key in CAUSES else unknown(key)


def fix(key: str, params: Params | None = None) -> str:
    """What somebody has to do so that the license is no longer counted."""
    return say(FIXES[key], params or {}) if key in FIXES else unknown(key)


def actor(key: str, params: Params | None = None) -> str:
    """Who has to do it and where; `key` is how accounts are managed, or the fix where that alone decides."""
    return say(ACTORS[key], params or {}) if key in ACTORS else unknown(key)


def message(params: Params) -> str:
    """What to write to the person who must change an address: a line for the subject, then the text."""
    return "\n".join(say(MESSAGE[part], params) for part in ("subject", "body"))
