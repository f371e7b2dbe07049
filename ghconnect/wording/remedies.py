"""Problems in a few words, and what to do about them as a verb (PRODUCT §6.3, §6.4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Template, unknown

REMEDIES: dict[str, Template] = {
    **dict.fromkeys(
        ("unauthorized", "no_token", "bad_token", "sealed", "token_kind", "scope"), _("Replace token")
    ),
    **dict.fromkeys(("not_found_ghec", "not_found_org", "not_site_admin", "forbidden"), _("Replace token")),
    **dict.fromkeys(("sso", "ip_list", "address_refused", "address_never", "wrong_host"), _("Check again")),
    **dict.fromkeys(("tls_ca", "bad_ca"), _("Add your CA certificate")),
    "redirect": _("Change the host name"),
    "held": _("Review"),
}


# In a few words, inside another sentence: "Failing since 21 Nov, 3 attempts: token rejected."
NAMES: dict[str, Template] = {
    "dns": _("name not found"),
    **dict.fromkeys(("refused", "timeout"), _("no answer")),
    "proxy": _("stopped by the proxy"),
    **dict.fromkeys(("address_refused", "address_never"), _("address not allowed")),
    "redirect": _("sent on to another host"),
    **dict.fromkeys(("tls_ca", "tls_name", "tls", "bad_ca"), _("certificate not trusted")),
    "tls_expired": _("certificate out of date"),
    "unauthorized": _("token revoked or expired"),
    "no_token": _("no token"),
    "sealed": _("token cannot be opened"),
    "not_found_ghec": _("not shown to this token"),
    "not_found_org": _("not shown to this token"),
    "not_offered": _("not offered"),
    "token_kind": _("token of another kind"),
    "scope": _("scope missing"),
    "sso": _("token not authorized for single sign-on"),
    "ip_list": _("address not on the IP allow list"),
    "not_site_admin": _("not a site administrator"),
    "not_owner": _("not an owner at GitHub"),
    "forbidden": _("access refused"),
    "wrong_host": _("not an instance"),
    "preparing": _("report not ready"),
    **dict.fromkeys(("rate", "secondary_rate"), _("GitHub asks to wait")),
    "truncated": _("report cut off"),
    "shifted": _("list changed while it was read"),
    "too_large": _("answer too large"),
    "server_error": _("server error"),
    "bad_answer": _("unexpected answer"),
    "bad_file": _("file cannot be read"),
    "older_file": _("older than the data here"),
    "worker_died": _("interrupted five times"),
    "rules_release": _("the rules of this release would release many licenses"),
    "store": _("could not be kept"),
    "internal": _("error of this console"),
}


def name(key: str) -> str:
    """A problem in a few words, to stand inside another sentence."""
    return str(NAMES[key]) if key in NAMES else unknown(key)


def remedy(key: str) -> str:
    """What to do about a problem, as a verb for a link or button."""
    return str(REMEDIES.get(key, _("Sync now")))
