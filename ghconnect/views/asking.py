"""The questions before deeds (PRODUCT §6.5): the same words in a dialog and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from ghconnect import features, wording
from ghconnect.access import PlacedRequest
from ghconnect.features import Feature, Shown
from ghconnect.models import AccessToken, Membership, Server, User
from ghconnect.questions import Question


def _address(name: str, server: Server, *more: str) -> str:
    return reverse(name, args=[server.enterprise.slug, server.host, *more])


def enable(request: PlacedRequest, server: Server) -> Question:
    """Before GitHub Connect is enabled."""
    words = _(
        "This console will be connected to {account} for {host}. It reads; it sends nothing to GitHub and creates no"
        " GitHub App. License sync stays Disabled until you set it."
    )
    return Question(
        id="enable-connect",
        action=_address("connect_enable", server),
        title=_("Enable GitHub Connect"),
        body=words.format(account=server.enterprise.account_name, host=server.host),
        verb=_("Enable GitHub Connect"),
        back=_address("server_connect", server),
    )


def disable(request: PlacedRequest, server: Server) -> Question:
    """Before GitHub Connect is disabled; what stays of what was read is told by the features that read it."""
    stays = [str(values["stays"]) for _name, values in features.panels("disconnect", request, server)]
    said = [
        _("Syncing of {host} stops here.").format(host=server.host),
        *(
            [_("Its token stays sealed and unused until you delete it in Server settings.")]
            if server.token
            else []
        ),
        *stays,
        _("GitHub Connect on the instance is not touched."),
    ]
    return Question(
        id="disable-connect",
        action=_address("connect_disable", server),
        title=_("Disable GitHub Connect"),
        body=wording.sentences(said),
        verb=_("Disable GitHub Connect"),
        back=_address("server_connect", server),
        danger=True,
    )


def switch(request: PlacedRequest, feature: Feature, server: Server, *, enabled: bool) -> Question:
    """Before a feature is set to Enabled or Disabled; the feature itself says what follows."""
    return _switch(feature, server, _said(request, feature, server, enabled=enabled), enabled=enabled)


def switch_menu(request: PlacedRequest, feature: Feature, server: Server, *, enabled: bool) -> dict[str, Any]:
    """The choices of a feature's dropdown, and the question before the one that is not in effect."""
    said = {state: _said(request, feature, server, enabled=state) for state in (True, False)}
    question = _switch(feature, server, said[not enabled], enabled=not enabled)
    options = [
        {"label": state_words(enabled=state), "help": words.get("help", ""), "current": state == enabled}
        for state, (_template, words) in said.items()
    ]
    other = options[1] if enabled else options[0]
    other |= {"href": f"{question.action}?state={question.fields['state']}", "dialog": question.id}
    return {"options": options, "question": question, "action": question.action}


def _said(request: PlacedRequest, feature: Feature, server: Server, *, enabled: bool) -> Shown:
    return feature.panel("switch_on" if enabled else "switch_off", request, server) or ("", {})


def _switch(feature: Feature, server: Server, said: Shown, *, enabled: bool) -> Question:
    (template, words), state = said, "enabled" if enabled else "disabled"
    verb = _("Enable") if enabled else _("Disable")
    return Question(
        id=f"{feature.key}-{state}",
        action=_address("feature_switch", server, feature.key),
        title=str(words.get("title", verb)),
        body=str(words.get("body", feature.label)),
        verb=str(words.get("verb", verb)),
        back=_address("server_connect", server),
        fields={"state": state},
        more=said if template else None,
    )


def state_words(*, enabled: bool) -> str:
    """Enabled or Disabled, as GitHub's dropdown says it."""
    return _("Enabled") if enabled else _("Disabled")


def delete_token(server: Server) -> Question:
    """Before the token of a server is deleted here."""
    words = _(
        "The token of {host} is deleted here, and this console cannot read the server until it has another. On the "
        "instance the token stays valid until it is revoked there."
    )
    return Question(
        id="delete-token",
        action=_address("server_token_delete", server),
        title=_("Delete token"),
        body=words.format(host=server.host),
        verb=_("Delete token"),
        back=_address("server_settings", server),
        danger=True,
    )


def remove_server(server: Server) -> Question:
    """Before a server is removed; its host must be typed."""
    return Question(
        id="remove-server",
        action=_address("server_remove", server),
        title=_("Remove {host}").format(host=server.host),
        body=_(
            "Its accounts, runs and addresses are deleted here; past totals stay as numbers. GitHub goes on counting"
            " its users."
        ),
        verb=_("Remove"),
        back=_address("server_settings", server),
        danger=True,
        typed=server.host,
        typed_label=_("Type {host} to confirm").format(host=server.host),
    )


def remove_role(membership: Membership) -> Question:
    """Before somebody's role in an enterprise is taken."""
    slug, login = membership.enterprise.slug, membership.user.login
    words = _("{login} can no longer open {enterprise} in this console. Nothing changes at GitHub.")
    return Question(
        id=f"remove-{membership.pk}",
        action=reverse("role_remove", args=[slug, login]),
        title=_("Remove {login}").format(login=login),
        body=words.format(login=login, enterprise=membership.enterprise.name),
        verb=_("Remove"),
        back=reverse("settings_people", args=[slug]),
        danger=True,
    )


def revoke_token(token: AccessToken) -> Question:
    """Before a token is revoked."""
    slug = token.enterprise.slug
    words = _("Whatever uses {token}… is refused from then on.")
    return Question(
        id=f"revoke-{token.pk}",
        action=reverse("settings_token_revoke", args=[slug, token.pk]),
        title=_("Revoke {token}…").format(token=token.shown),
        body=words.format(token=token.shown),
        verb=_("Revoke"),
        back=reverse("settings_tokens", args=[slug]),
        danger=True,
    )


def suspend(user: User, alone: Sequence[str]) -> Question:
    """Before an account is suspended; whose going leaves an enterprise (slugs) without an owner is typed."""
    said = [
        _("{login} is signed out everywhere at once and cannot sign in until the account is unsuspended."),
        _("The access tokens of {login} are revoked and do not come back; tokens of servers go on."),
        _("Invitations by {login} that nobody has accepted are cancelled."),
        _("Roles and what {login} did here stay. Nothing changes at GitHub."),
    ]
    if alone:
        said.append(
            _(
                "{login} is the only owner of {enterprises}: nobody can change anything there until you invite one."
            )
        )
    words = wording.sentences(said).format(login=user.login, enterprises=", ".join(alone))
    return Question(
        id="suspend",
        action=reverse("operator_suspend", args=[user.login]),
        title=_("Suspend {login}").format(login=user.login),
        body=words,
        verb=_("Suspend"),
        back=reverse("operator_account", args=[user.login]),
        danger=True,
        typed=user.login if alone else "",
        typed_label=_("Type {login} to confirm").format(login=user.login),
    )


def unsuspend(user: User) -> Question:
    """Before an account is let in again."""
    words = _(
        "{login} can sign in again and has the roles of before. Sessions and access tokens that ended stay so."
    )
    return Question(
        id="unsuspend",
        action=reverse("operator_unsuspend", args=[user.login]),
        title=_("Unsuspend {login}").format(login=user.login),
        body=words.format(login=user.login),
        verb=_("Unsuspend"),
        back=reverse("operator_account", args=[user.login]),
    )
