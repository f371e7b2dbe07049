"""Sign-in by an identity provider or by GitHub: whom it means here, and which roles follow from it."""

from __future__ import annotations

import logging
from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect, render

from ghconnect.models import Invitation, Role, Source, User
from ghconnect.outgoing import OperatorSession
from ghconnect.usecases import access, sign_in

from . import github_owners

log = logging.getLogger(__name__)
RANK = (Role.OWNER, Role.BILLING_MANAGER, Role.AUDITOR)
GITHUB = "github"


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Knows people by an address the provider has verified; takes and gives roles at each sign-in."""

    def get_requests_session(self) -> requests.Session:
        """Return what speaks to the provider."""
        return OperatorSession()

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: object = None,
        exception: Exception | None = None,
        extra_context: object = None,
    ) -> None:
        """Say in the log why somebody did not get in; the page does not. Who cancelled was not refused."""
        log.warning("sign-in by %s failed: %s %s", provider, error, exception or "")
        if error != AuthError.CANCELLED:
            sign_in.failed(user=None, way=str(getattr(provider, "id", provider)), reason="provider")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the person, and let the roles follow, before anybody is signed in."""
        if sociallogin.state.get("process") != "login":
            # No page of ours adds an identity to whoever is signed in: it would outlive the session that did it.
            raise ImmediateHttpResponse(redirect("user_settings"))
        if not sociallogin.is_existing:
            user = User.objects.filter(email__in=verified_emails(sociallogin)).first()
            if user is not None:
                sociallogin.connect(request, user)
        if sociallogin.is_existing and sociallogin.user.is_active:
            follow(sociallogin)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Let somebody new in who has a role by a group or at GitHub, or an invitation; tell others what to do."""
        emails = verified_emails(sociallogin)
        invited = Invitation.objects.open().filter(email__in=emails).exists()
        if emails and (invited or roles_of(sociallogin).roles):
            return True
        way = sociallogin.account.provider
        sign_in.failed(user=None, way=way, reason="no_role" if emails else "no_verified_email")
        context = {"verified": bool(emails), "provider": sociallogin.provider.name}
        raise ImmediateHttpResponse(render(request, "socialaccount/no_role.html", context, status=403))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Take name and short name over."""
        user: User = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or "")[:100]
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: object = None) -> User:
        """Make the person, without a password, and give the roles."""
        user: User = sociallogin.user
        user.email = verified_emails(sociallogin)[0]
        user.login = access.free_login(user.login or user.email.partition("@")[0])
        user.set_unusable_password()
        sociallogin.save(request)
        access.note_added(user, None, via=sociallogin.account.provider)
        follow(sociallogin)
        return user


def verified_emails(sociallogin: SocialLogin) -> list[str]:
    """Addresses the provider says are the person's, the first one first; lower case, as users have them."""
    trusts = settings.GHCONNECT_OIDC_TRUST_EMAIL and sociallogin.account.provider != GITHUB
    known = sorted(sociallogin.email_addresses, key=lambda each: not each.primary)
    return [each.email.strip().lower() for each in known if each.verified or trusts]


def follow(sociallogin: SocialLogin) -> None:
    """Let the roles of the person be what the provider says now; what it told beside that is not kept."""
    said = roles_of(sociallogin)
    access.follow(user=sociallogin.user, source=said.source, decides=said.decides, roles=said.roles)
    sociallogin.account.extra_data = {}
    sociallogin.account.save(update_fields=["extra_data"])


def roles_of(sociallogin: SocialLogin) -> github_owners.Said:
    """Return which enterprises the provider decides on, and the roles it gives."""
    if not hasattr(sociallogin, "ghconnect_said"):
        asks = github_owners.of if sociallogin.account.provider == GITHUB else _by_groups
        sociallogin.ghconnect_said = asks(sociallogin)
    said: github_owners.Said = sociallogin.ghconnect_said
    return said


def _by_groups(sociallogin: SocialLogin) -> github_owners.Said:
    """The strongest role of each enterprise that the person's groups give."""
    groups = claimed_groups(sociallogin.account.extra_data)
    roles: dict[str, Role] = {}
    for slug, role, group in settings.GHCONNECT_GROUP_ROLES:
        if group in groups:
            roles[slug] = min(Role(role), roles.get(slug, Role(role)), key=RANK.index)
    decides = {slug for slug, _role, _group in settings.GHCONNECT_GROUP_ROLES}
    return github_owners.Said(Source.GROUPS, decides, roles)


def claimed_groups(told: dict[str, Any]) -> set[str]:
    """Groups in the claim an operator names, of user info and of the ID token; a text is one group."""
    claims = [told.get(part) or {} for part in ("userinfo", "id_token")] + [told]
    found: set[str] = set()
    for claim in claims:
        value = claim.get(settings.GHCONNECT_OIDC_GROUPS_CLAIM) or []
        found.update([value] if isinstance(value, str) else map(str, value))
    return found
