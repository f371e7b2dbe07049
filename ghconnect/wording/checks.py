"""Names of the checks a connection goes through, in their order."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Template, unknown

CHECKS: dict[str, Template] = {
    "name": _("Found by name"),
    "address": _("Address may be called"),
    "connect": _("Answers on port 443"),
    "tls": _("Certificate is trusted"),
    "product": _("Answers as GitHub does"),
    "kind": _("Kind of token"),
    "identity": _("Token belongs to"),
    "role": _("Role of the account"),
    "scope": _("Scope of the token"),
    "report": _("License report can be read"),
    "users_report": _("User report can be read"),
    "sync_status": _("Sync status of servers can be read"),
    "identities": _("Identity values can be read"),
}

# What was found, of checks whose bare figure would say nothing.
DETAILS: dict[str, Template] = {
    "report": _("Consumed and purchased: {found}"),
    "sync_status": _("Servers: {found}"),
    "identities": _("People: {found}"),
}
PREPARING = _("The server is preparing its report.")


def check(key: str) -> str:
    """The name of a check."""
    return str(CHECKS[key]) if key in CHECKS else unknown(key)


def found(key: str, detail: str) -> str:
    """What a check found, in words; "" for nothing."""
    if key == "users_report" and detail == "202":
        return str(PREPARING)
    return str(DETAILS.get(key, "{found}")).format(found=detail) if detail else ""
