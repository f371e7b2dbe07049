"""Where each GitHub answers an OAuth app: GitHub.com, SUBDOMAIN.ghe.com (its API at api.SUBDOMAIN), a GHES host."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.socialaccount.providers.github.provider import GitHubProvider
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings


def api_url(url: str) -> str:
    """Where REST is of the GitHub at `url`."""
    host = urlsplit(url).hostname or ""
    return f"https://api.{host}" if _cloud(host) else f"{url}/api/v3"


def graphql_url(url: str) -> str:
    """Where GraphQL is of the GitHub at `url`."""
    host = urlsplit(url).hostname or ""
    return f"https://api.{host}/graphql" if _cloud(host) else f"{url}/api/graphql"


def _cloud(host: str) -> bool:
    return host == "github.com" or host.endswith(".ghe.com")


class GitHubAdapter(GitHubOAuth2Adapter):
    """Asks the GitHub that is set; allauth's own knows neither ghe.com nor settings that change."""

    @property
    def authorize_url(self) -> str:
        """Where the person is asked."""
        return f"{settings.GHCONNECT_GITHUB_URL}/login/oauth/authorize"

    @property
    def access_token_url(self) -> str:
        """Where the code is exchanged."""
        return f"{settings.GHCONNECT_GITHUB_URL}/login/oauth/access_token"

    @property
    def profile_url(self) -> str:
        """Who it is."""
        return f"{api_url(settings.GHCONNECT_GITHUB_URL)}/user"

    @property
    def emails_url(self) -> str:
        """Their addresses, and which are verified."""
        return f"{api_url(settings.GHCONNECT_GITHUB_URL)}/user/emails"


# allauth asks the provider for the address of the first page, and the view for the rest.
GitHubProvider.oauth2_adapter_class = GitHubAdapter
login = OAuth2LoginView.adapter_view(GitHubAdapter)
callback = OAuth2CallbackView.adapter_view(GitHubAdapter)
