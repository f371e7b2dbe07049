"""Every page of the console, in one place for whatever opens them all: pictures and accessibility."""

from __future__ import annotations

from dataclasses import dataclass

E = "/enterprises/octo-corp"
# A second account of the sandbox, which a console of our own adds: counted once, no server.
GARDEN = "/enterprises/octo-garden"
# Who looks: the owner and the billing manager of the sandbox, nobody, or the operator of a console of our own.
OWNER, BILLER, NOBODY, OPERATOR = "mona", "finn", "", "operator"
# Somebody of a console of our own with an authenticator app, and the same who has typed the password alone.
PROTECTED, HALFWAY = "nina", "nina, without the code"
# Somebody who came by an identity provider, who followed the link of a mail, and who has a passkey.
PASSWORDLESS, FORGETFUL, KEYED = "sam", "remy", "kim"
SECURITY = "/settings/security"


def server(name: str) -> str:
    """Return the path of a server of the sandbox."""
    return f"{E}/servers/ghe-{name}.octo-corp.example"


@dataclass(frozen=True)
class Page:
    """A page: its path, who looks, the name of a link to follow there, and whether the menus of its header count.

    `own` pages show a state that only a console of our own is brought into; their paths may begin with one of its
    places.
    """

    name: str
    path: str
    who: str = OWNER
    follow: str = ""
    header: bool = False
    own: bool = False
    status: int = 200


PAGES = (
    Page("Sign in", "/login/", NOBODY),
    # Soon after the sign-ins they need: halfway and security settings are open for minutes.
    Page("Sign in, second step", f"{SECURITY}/authenticate/", HALFWAY, own=True),
    Page("Two-factor authentication, on", f"{SECURITY}/", PROTECTED, own=True),
    Page("Recovery codes", f"{SECURITY}/recovery-codes/", PROTECTED, own=True),
    Page("Make new recovery codes", f"{SECURITY}/recovery-codes/generate/", PROTECTED, own=True),
    Page("Remove authenticator app", f"{SECURITY}/totp/deactivate/", PROTECTED, own=True),
    Page("Confirm by a code", f"{SECURITY}/reauthenticate/", PROTECTED, own=True),
    Page("Set up authenticator app", f"{SECURITY}/totp/activate/", BILLER, own=True),
    Page("Add a passkey", f"{SECURITY}/webauthn/add/", BILLER, own=True),
    Page("Invitation", "{invitation}", NOBODY, own=True),
    Page("Invitation, for somebody else", "{invitation}", BILLER, own=True),
    Page("Suspended account", "/inactive/", NOBODY),
    Page("Reset password", "/password/reset/", NOBODY),
    Page("Reset password, sent", "/password/reset/done/", NOBODY),
    Page("Set a new password", "{reset}", FORGETFUL, own=True),
    Page("Set a new password, done", "/password/reset/key/done/", NOBODY),
    Page("Set a password", "/password/set/", PASSWORDLESS, own=True),
    Page("Sign-up is closed", "/signup/", NOBODY),
    Page("Sign-in did not work", "/sign-in/failed", NOBODY, status=401),
    Page("About this console", "/about", NOBODY),
    Page("Page not found", "/nowhere", status=404),
    Page("This console is being maintained", "{maintained}/", NOBODY, own=True, status=503),
    Page("Enterprises", "/enterprises", header=True),
    Page("Add an enterprise account", "/enterprises/new"),
    Page("Your settings", "/settings"),
    Page("Change password", "/password/change/"),
    Page("Confirm it is you", "/reauthenticate/"),
    Page("Two-factor authentication", "/settings/security/"),
    Page("Sign out", "/logout/"),
    Page("Passkeys and security keys", "/settings/security/webauthn/"),
    Page("Passkeys and security keys, one", f"{SECURITY}/webauthn/", KEYED, own=True),
    Page("Rename the key", "{key}/edit/", KEYED, own=True),
    Page("Remove the key", "{key}/remove/", KEYED, own=True),
    Page("Sessions", "/settings/sessions"),
    Page("Health of this console", "/operator/health", OPERATOR),
    Page("Enterprises of this console", "/operator/enterprises", OPERATOR),
    Page("Accounts of this console", "/operator/accounts", OPERATOR),
    Page("An account", "/operator/accounts/finn", OPERATOR),
    Page("Suspend an account", "/operator/accounts/mona/suspend", OPERATOR),
    Page("Unsuspend an account", "/operator/accounts/finn/unsuspend", OPERATOR),
    Page("Sign-in was cancelled", "/sign-in/cancelled", NOBODY),
    Page("Tour", "/tour"),
    Page("Overview", E, header=True),
    Page("Overview, for a billing manager", E, BILLER, header=True),
    Page("Overview, while syncs are paused", f"{{paused}}{E}", own=True),
    Page("License, while syncs are paused", f"{{paused}}{server('tokyo')}/license", own=True),
    Page("Overview, day one", "/enterprises/day-one", own=True),
    Page("Overview, without a server", f"{GARDEN}", own=True),
    Page("Trends, one point", f"{GARDEN}/licensing/trends", own=True),
    Page("GitHub Connect, all servers", f"{E}/github-connect"),
    Page("Add a server", f"{E}/servers/new"),
    Page("GitHub Connect, connected", f"{server('tokyo')}/github-connect", header=True),
    Page("GitHub Connect, broken", f"{server('nagoya')}/github-connect"),
    Page("GitHub Connect, for a billing manager", f"{server('tokyo')}/github-connect", BILLER),
    Page("GitHub Connect, not enabled", f"{server('new')}/github-connect", own=True),
    Page("Enable GitHub Connect", f"{server('new')}/github-connect/enable", own=True),
    Page("Disable GitHub Connect", f"{server('tokyo')}/github-connect/disable"),
    Page("Set license sync", f"{server('tokyo')}/github-connect/features/license_usage_sync?state=disabled"),
    Page("License, up to date", f"{server('tokyo')}/license"),
    Page("License, failing", f"{server('nagoya')}/license"),
    Page("License, by file", f"{server('plant')}/license"),
    Page("License, while it syncs", f"{server('osaka')}/license", own=True),
    Page("License sync, under way", f"{server('osaka')}/license/syncs/3", own=True),
    Page("License, not read yet", f"{server('new')}/license", own=True),
    Page("License syncs", f"{server('berlin')}/license/syncs"),
    Page("GitHub's sync history", f"{server('osaka')}/license/github-syncs"),
    Page("License sync, held", f"{server('berlin')}/license/syncs/3"),
    Page("License sync, failed", f"{server('nagoya')}/license/syncs/3"),
    Page("License sync, published", f"{server('tokyo')}/license/syncs/2"),
    Page("License sync of GitHub's report", f"{E}/licensing/syncs/2"),
    Page("Publish a held sync", f"{server('berlin')}/license/syncs/3/publish"),
    Page("Discard a held sync", f"{server('berlin')}/license/syncs/3/discard"),
    Page("License sync of GitHub's report, held", "{held}", own=True),
    Page("Publish what GitHub reports", "{held}/publish", own=True),
    Page("Discard what GitHub reports", "{held}/discard", own=True),
    Page("Server statistics", f"{server('tokyo')}/statistics"),
    Page("Server statistics, not shared", f"{server('berlin')}/statistics"),
    Page("Users", f"{server('tokyo')}/users"),
    Page("Users, not read yet", f"{server('new')}/users", own=True),
    Page("What is read and kept", f"{server('tokyo')}/data"),
    Page("Server settings", f"{server('tokyo')}/settings"),
    Page("Server settings, by file", f"{server('plant')}/settings"),
    Page("Push from a server", f"{server('plant')}/settings/push"),
    Page("Delete the token of a server", f"{server('tokyo')}/settings/token/delete"),
    Page("Remove a server", f"{server('tokyo')}/settings/remove"),
    Page("Enterprise licensing", f"{E}/licensing"),
    Page("Consumed licenses", f"{E}/licensing/consumed"),
    Page("Consumed licenses, none found", f"{E}/licensing/consumed?q=nobody-at-all"),
    Page("Saved views", f"{E}/licensing/saved-views?q=is%3Adormant"),
    Page("A person", f"{E}/licensing/consumed?q=jane", follow="Jane Doe"),
    Page("A person on two servers", f"{E}/licensing/consumed?q=ravi", follow="ravi"),
    Page("Erase a person", "{person}/erase", own=True),
    Page("Counted twice", f"{E}/licensing/counted-twice"),
    Page("GitHub and this console", f"{E}/licensing/difference"),
    Page("License history", f"{E}/licensing/history"),
    Page("Renewal", f"{E}/licensing/renewal"),
    Page("Check an address", f"{E}/licensing/check"),
    Page("Trends", f"{E}/licensing/trends"),
    Page("Trends, for a billing manager", f"{E}/licensing/trends?range=90d", BILLER),
    Page("Add server usage", f"{E}/licensing/upload"),
    Page("Start again", f"{E}/start-again"),
    Page("Profile", f"{E}/settings"),
    Page("Alerts", f"{E}/settings/alerts"),
    Page("GitHub account", f"{E}/settings/github"),
    Page("Verified & approved domains", f"{E}/settings/domains"),
    Page("Read from GitHub", f"{E}/settings/read-from-github"),
    Page("Visual Studio subscriptions", f"{E}/licensing/visual-studio"),
    Page("People and roles", f"{E}/settings/people"),
    Page("Remove a person's role", f"{E}/settings/people/finn/remove"),
    Page("Authentication security", f"{E}/settings/security"),
    Page("Access tokens", f"{E}/settings/tokens"),
    Page("API", "/api"),
    Page("Audit log", f"{E}/settings/audit-log"),
)
