"""What happened, what it means for the number, what to do (PRODUCT §6.4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .files import FILE_PROBLEMS
from .saying import Params, Wordings, say, unknown

PROBLEMS: dict[str, Wordings] = {
    # The way to the host.
    "dns": _(
        "{host} was not found by name. Check the spelling, or the DNS of the machine this console runs on."
    ),
    "refused": (
        _("{host} did not answer within {n} s. A firewall or proxy may be in the way (port 443)."),
        _("{host} did not answer. A firewall or proxy may be in the way (port 443)."),
    ),
    "timeout": (
        _("{host} did not answer within {n} s. A firewall or proxy may be in the way (port 443)."),
        _("{host} did not answer. A firewall or proxy may be in the way (port 443)."),
    ),
    "proxy": _(
        "The proxy did not let this console through to {host}. An operator can check HTTPS_PROXY and"
        " the proxy."
    ),
    "address_refused": _(
        "{host} leads to {ip}, an address this console must not call. An operator can allow it in"
        " GHCONNECT_ALLOWED_NETWORKS."
    ),
    "address_never": _(
        "{host} leads to {ip}, an address this console never calls. Correct the host name or its DNS."
    ),
    "redirect": _(
        "{host} sends this console on to {to}. It follows no other host; if the server was renamed,"
        " change its"
        " host name in Server settings."
    ),
    "webhook_url": _("This is no address of a webhook. It begins with https:// and names a host."),
    "webhook_github": _("Alerts are never sent to GitHub or to a server that this console reads."),
    "webhook_plain": _(
        "{host} is not in a network that an operator allowed (GHCONNECT_ALLOWED_NETWORKS): alerts go there by https"
        " alone."
    ),
    "webhook_redirect": _(
        "{host} sends this console on to another place, which it does not follow ({status})."
    ),
    "webhook_status": _("{host} did not take the alert and answered {status}."),
    "mail": _("The mail server did not take the alert ({problem})."),
    "bad_host": _('"{host}" is not the name of a host. Write it as in its address, such as ghe.example.com.'),
    "host_is_address": _("{host} is an address. Write the host name, as it stands in the certificate."),
    "host_is_cloud": _("{host} belongs to GitHub. A server is an instance of your own."),
    "host_not_cloud": _("Enterprise accounts are on github.com, or on an address that ends in .ghe.com."),
    # The certificate.
    "tls_ca": (
        _(
            'The certificate of {host} is signed by "{issuer}", which this console does not trust.'
            " Add your CA"
            " certificate in Server settings."
        ),
        _(
            "The certificate of {host} is signed by an authority this console does not trust. Add your CA"
            " certificate in Server settings."
        ),
    ),
    "tls_name": _(
        "The certificate of {host} was made for another name. Check the host name, or have the"
        " certificate replaced."
    ),
    "tls_expired": _("The certificate of {host} is out of date. Have it renewed on the server."),
    "tls": _(
        "No secure connection to {host} could be made. The server must offer TLS 1.2 or later on port 443."
    ),
    "bad_ca": _("This is not a CA certificate in PEM form. It begins with -----BEGIN CERTIFICATE-----."),
    # The token.
    "unauthorized": (
        _(
            "{host} rejected the token: expired or revoked. The last good data of {date} stays."
            " Replace the token."
        ),
        _("{host} rejected the token: expired or revoked. Replace the token."),
    ),
    "no_token": _("There is no token for {host}. Add one."),
    "bad_token": _("This is not a token: paste the whole of it, without spaces."),
    "sealed": _(
        "A token cannot be opened with the sealing key of this console. An operator can restore the"
        " key, or you"
        " can replace the token."
    ),
    "not_found_ghec": (
        _(
            'GitHub does not show "{slug}" to this token. One of three: the name, the role'
            " (enterprise owner), or"
            " the scope (read:enterprise; the token has: {scopes})."
        ),
        _(
            'GitHub does not show "{slug}" to this token. One of three: the name, the role'
            " (enterprise owner), or"
            " the scope (read:enterprise; GitHub did not say which the token has)."
        ),
    ),
    "not_found_org": (
        _(
            'GitHub does not show "{slug}" to this token. One of three: the name, the role'
            " (organization owner), or the scope (admin:org; the token has: {scopes})."
        ),
        _(
            'GitHub does not show "{slug}" to this token. One of three: the name, the role'
            " (organization owner), or the scope (admin:org; GitHub did not say which the token has)."
        ),
    ),
    "not_offered": _("GitHub does not offer this to the account, or not to this token."),
    "not_readable": _(
        "GitHub shows no identity provider to this token: there is none, or it belongs to organizations."
    ),
    "token_kind": _(
        "GitHub did not accept this {kind} token for the license report. A classic token with"
        " read:enterprise works."
    ),
    "scope": (
        _("The token of {host} lacks the scope {scope}; it has: {scopes}. Make a token with it."),
        _("The token lacks the scope {scope}; it has: {scopes}. Make a token with it."),
    ),
    "not_owner": _('The account {login} is not an owner of "{slug}" at GitHub.'),
    "sso": _("Authorize the token for single sign-on at GitHub, then check again."),
    "ip_list": _("The enterprise has an IP allow list without this console's address."),
    "not_site_admin": (
        _("The account {login} is not a site administrator on {host}, so reports are closed to it."),
        _("The account of the token is not a site administrator on {host}, so reports are closed to it."),
    ),
    "forbidden": _(
        "{host} refuses this token what the console reads. Check the account's role and the token's scopes."
    ),
    "wrong_host": _("{host} answers, but not as GitHub does. Check the host name."),
    "no_scim": _("{host} does not show its SCIM users to this token."),
    # The answer.
    "preparing": (
        _(
            "{host} is still preparing its report ({n} min). Trying again until {time}; the last"
            " good data stays."
        ),
        _("{host} is still preparing its report. The sync goes on by itself; the last good data stays."),
    ),
    "rate": (
        _("GitHub asks to wait until {time}. The sync goes on by itself."),
        _("GitHub asks to wait. The sync goes on by itself."),
    ),
    "secondary_rate": (
        _("GitHub asks to wait until {time}. The sync goes on by itself."),
        _("GitHub asks to wait. The sync goes on by itself."),
    ),
    "truncated": (
        _("The report ended in the middle of a line. Nothing was changed. Trying again at {time}."),
        _("The report ended in the middle of line {n}. Nothing was changed."),
        _("The answer of {host} ended before its end. Nothing was changed. The sync tries again by itself."),
        _("The report ended in the middle of a line. Nothing was changed."),
    ),
    "shifted": _(
        "The list on {host} changed while it was read. Nothing was changed. The sync tries again by itself."
    ),
    "too_large": _(
        "The answer of {host} is larger than {n} MiB. It was not read further, and nothing was changed."
    ),
    "server_error": (
        _(
            "{host} has a problem of its own (status {status}). Nothing was changed. The sync tries"
            " again by itself."
        ),
        _("{host} has a problem of its own. Nothing was changed. The sync tries again by itself."),
    ),
    "bad_answer": (
        _("The answer of {host} is not what GitHub documents (status {status}). Nothing was changed."),
        _("The answer of {host} is not what GitHub documents. Nothing was changed."),
    ),
    # What was read, against what is here.
    "held": _(
        "This report would remove {n} of {m} accounts ({l} licenses). Nothing was changed. Compare"
        " and decide."
    ),
    "other_server": _(
        "GitHub knows {host} under another server ID than before ({a}, now {b}). Was it moved,"
        " reinstalled or copied?"
    ),
    "encrypted_export": _(
        "This is a genuine export of {host}, {date}. Its user list is encrypted for GitHub, so only"
        " the facts of"
        ' the server were read. Upload it at GitHub ("Add server usage"); for this console use all_users.csv.'
    ),
    "our_json": _("This file is made for this console. GitHub does not accept it."),
    "bad_file": (
        _('{file}, line {n}, column "{c}": {problem}. Nothing was changed.'),
        _("{file}, line {n}: {problem}. Nothing was changed."),
        _("{file}: {problem}. Nothing was changed."),
        _("This file cannot be read: {problem}. Nothing was changed."),
    ),
    "older_file": _("This file is older ({a}) than the data here ({b}). Nothing was changed."),
    "other_file": _("This file is of {a}, not of {b}."),
    "not_explained": _(
        "{n} licenses of the difference are not explained. Download the evidence and report it; do"
        " not rely on"
        ' "Expected" until then.'
    ),
    # The engine itself.
    "store": _("What was read could not be kept in this console's database. Nothing was changed."),
    "worker_died": _("The program that reads servers died five times during this sync. Nothing was changed."),
    "period_over": _(
        "The next weekly sync is due; this one did not succeed in its week. The last good data stays."
    ),
    "internal": _(
        "Something failed in this console itself. Nothing was changed. An operator finds it in the log."
    ),
}


def problem(key: str, params: Params | None = None) -> str:
    """The sentence of a problem in the current language; a plain one naming the key when it is not known.

    A `problem` among the parameters is itself a key: what is wrong in a file.
    """
    wordings = PROBLEMS.get(key)
    return say(wordings, _told(params or {})) if wordings else unknown(key)


def _told(params: Params) -> Params:
    """File problems in words; line 0 is the whole file (`BadFile.line`)."""
    told = {key: value for key, value in params.items() if not (key == "n" and str(value) == "0")}
    wrong = FILE_PROBLEMS.get(str(params.get("problem", "")))
    return {**told, "problem": say(wrong, params)} if wrong else told
