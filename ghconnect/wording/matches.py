"""Words of verdicts, rules, consumption reasons and holds (PRODUCT §2 and §6.1, ENGINEERING §5–8)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Params, Wordings, say, unknown

VERDICTS: dict[str, Wordings] = {
    "agreed": (_("Joined by GitHub: {rule}, {value}"), _("Joined by GitHub: {rule}"), _("Joined by GitHub")),
    "joined_unseen": _("Joined by GitHub. The matching address is not visible to this console."),
    "may_split": _("Joined at GitHub's last sync; the primary email has changed since"),
    "will_join": _("Will be joined at GitHub's next sync"),
    "will_part": _("Will be counted apart at GitHub's next sync: their primary emails differ now"),
    "should_have_joined": _("Should be joined by GitHub's published rules, but is not"),
    "new_since": _("Not yet at GitHub"),
    "gone_since": _("Suspended or removed since GitHub's last sync"),
    "gone_but_counted": _("Suspended before GitHub's last sync, still counted"),
    "alone": _("Only on servers"),
    "conflict": (
        _("GitHub joined this account to {a}; the published rules give {b}"),
        _("GitHub joined this account to another person than the published rules give"),
    ),
    "other_account": _("GitHub's row is of an earlier account with this number"),
    "unknown_server": _("On a server this console does not know"),
    "not_counted": _("Consumes no license, and GitHub lists it nowhere"),
    "never_received": (_("GitHub has never synced {servers}"), _("GitHub has never synced this server")),
}

RULES: dict[str, Wordings] = {
    "github": _("GitHub's own join"),
    "saml_name_id": _("SAML NameID"),
    "saml_claim_name": _("SAML attribute claims/name"),
    "saml_claim_emailaddress": _("SAML attribute claims/emailaddress"),
    "saml_username": _("SAML attribute username"),
    "saml_emails": _("SAML attribute emails"),
    "scim_username": _("SCIM userName"),
    "scim_emails": _("SCIM email"),
    "verified_email": _("verified email"),
    "github_learned": _("an address GitHub itself joined before"),
    "same_email": (_("same primary email on {servers}"), _("same primary email on several servers")),
    "own_email": _("primary email, on one server only"),
    "alone": _("no email, so nothing can match"),
}

REASONS: dict[str, Wordings] = {
    "active": _("Active account: consumes a license"),
    "dormant": _("Dormant account: consumes a license until it is suspended"),
    "suspended": _("Suspended account: consumes no license"),
    "scim_admin": _("The scim-admin account: consumes no license"),
    "never_active": _("Never signed in: consumes no license"),
    "never_active_counted": _("Never signed in, but in GitHub's report: consumes a license"),
    "never_active_always": _("Never signed in: consumes a license by the setting of this enterprise"),
    "never_active_unsynced": _("Never signed in; until GitHub has synced the server it is taken to consume"),
    "no_email": _("Without an email: consumes a license of its own"),
    "system_account": _("System account that GitHub does not list: consumes no license"),
    "unaffiliated": _("In no organization: consumes a license only by an account on a server"),
    "unknown_server": _("On a server this console does not know: consumes a license in GitHub's report"),
    "no_account": _("No account is left"),
    "github": _("In GitHub's report: consumes a license"),
    "invitation": _("Pending invitation: consumes a license until it expires"),
    "invitation_metered": _("Pending invitation: consumes no license under a metered contract"),
    "invitation_managed": _("Pending invitation: consumes no license, as the enterprise has managed users"),
    "visual_studio": _("Visual Studio subscription"),
    "visual_studio_not_counted": _("Visual Studio subscriber whom GitHub does not count"),
}

HOLDS: dict[str, Wordings] = {
    "stop_consuming": (
        _("{n} of {m} accounts would stop consuming a license; more than {limit} needs an owner's word."),
        _("{n} accounts would stop consuming a license."),
        _("Many accounts would stop consuming a license."),
    ),
    "keys_changed": (
        _("{n} accounts would lose or change their email."),
        _("Many accounts would change their email."),
    ),
    "recreated": (
        _("{n} known accounts have another creation time. Was the server reinstalled, restored or copied?"),
        _("Known accounts have other creation times. Was the server reinstalled, restored or copied?"),
    ),
    "empty": _("The report holds no account at all."),
    "missing_block": (
        _("The last {n} accounts of the report's own order are missing. It may have been cut off."),
        _("The last accounts of the report's own order are missing. It may have been cut off."),
    ),
    "other_server": _(
        "GitHub knows {host} under another server ID than before ({a}, now {b}). Was it moved,"
        " reinstalled or copied?"
    ),
    "rows_fell": (
        _("GitHub's report lists {n} people fewer than before."),
        _("GitHub's report lists far fewer people."),
    ),
    "joins_fell": (
        _("GitHub's report joins {n} accounts fewer than before."),
        _("GitHub's report joins far fewer accounts."),
    ),
    "identities_fell": (
        _("{n} identity values are no longer visible."),
        _("Many identity values are no longer visible."),
    ),
}


def verdict(key: str, params: Params | None = None) -> str:
    """What GitHub's row says of an account, compared with the published rules."""
    return _words(VERDICTS, key, params)


def rule(key: str, params: Params | None = None) -> str:
    """The rule that tied an account to its person."""
    return _words(RULES, key, params)


def reason(key: str, params: Params | None = None) -> str:
    """Why an account or a person consumes a license, or does not."""
    return _words(REASONS, key, params)


def hold(key: str, params: Params | None = None) -> str:
    """Why a sync waits for an owner."""
    return _words(HOLDS, key, params)


def _words(table: dict[str, Wordings], key: str, params: Params | None) -> str:
    wordings = table.get(key)
    return say(wordings, params or {}) if wordings else unknown(key)
