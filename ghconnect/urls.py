"""Where everything is (PRODUCT §5.2)."""

from allauth.account import urls as sign_in
from allauth.mfa.webauthn import urls as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import URLPattern, URLResolver, include, path

from .access import if_set, public, with_passwords
from .sign_in import github_places, saml
from .views import (
    access_tokens,
    accounts,
    audit_log,
    connect,
    enterprise_settings,
    enterprises,
    health,
    invitation,
    operator,
    pages,
    people,
    security,
    server_settings,
    servers,
    sessions,
    user_settings,
)

ENTERPRISE = "enterprises/<slug:slug>"
SETTINGS = f"{ENTERPRISE}/settings"
SERVER = f"{ENTERPRISE}/servers/<str:host>"
# Roles are given by email: whoever could write another into their own account would get what is meant for others.
EMAIL = {"account_email", "account_email_verification_sent", "account_confirm_email"}
# A passkey alone is a way past the identity provider too.
PASSWORDS = (
    "account_reset_password",
    "account_change_password",
    "account_set_password",
    "mfa_login_webauthn",
)
for each in [*sign_in.urlpatterns, *passkeys.urlpatterns]:
    if isinstance(each, URLPattern) and str(each.name).startswith(PASSWORDS):
        each.callback = with_passwords(each.callback)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path("about", pages.about, name="about"),
    path("health/live", health.healthz, name="health_live"),
    path("health/ready", health.readyz, name="health_ready"),
    # The names by which orchestrators ask.
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("language", pages.set_language, name="set_language"),
    path("settings", user_settings.page, name="user_settings"),
    path("settings/sessions", sessions.page, name="sessions"),
    path("settings/security/", include("allauth.mfa.urls")),
    path("invitations/<str:secret>", invitation.page, name="invitation"),
    path("operator/enterprises", operator.page, name="operator_enterprises"),
    path("operator/accounts", accounts.find, name="operator_accounts"),
    path("operator/accounts/<str:login>", accounts.page, name="operator_account"),
    path("operator/accounts/<str:login>/suspend", accounts.suspend, name="operator_suspend"),
    path("operator/accounts/<str:login>/unsuspend", accounts.unsuspend, name="operator_unsuspend"),
    path("enterprises", enterprises.index, name="enterprises"),
    path("enterprises/new", enterprises.new, name="enterprise_new"),
    path(SETTINGS, enterprise_settings.profile, name="enterprise_settings"),
    path(f"{SETTINGS}/github", enterprise_settings.github, name="settings_github"),
    path(f"{SETTINGS}/people", people.page, name="settings_people"),
    path(f"{SETTINGS}/people/invitations/<int:pk>/cancel", people.cancel, name="invitation_cancel"),
    path(f"{SETTINGS}/security", security.page, name="settings_security"),
    path(f"{SETTINGS}/people/<str:login>", people.change, name="role"),
    path(f"{SETTINGS}/people/<str:login>/remove", people.remove, name="role_remove"),
    path(f"{SETTINGS}/tokens", access_tokens.page, name="settings_tokens"),
    path(f"{SETTINGS}/tokens/<int:pk>/revoke", access_tokens.revoke, name="settings_token_revoke"),
    path(f"{SETTINGS}/audit-log", audit_log.page, name="settings_audit_log"),
    path(f"{SETTINGS}/audit-log.csv", audit_log.download, {"form": "csv"}, name="audit_log_csv"),
    path(f"{SETTINGS}/audit-log.json", audit_log.download, {"form": "json"}, name="audit_log_json"),
    path(f"{ENTERPRISE}/servers/new", servers.new, name="server_new"),
    path(SERVER, servers.index, name="server"),
    path(f"{SERVER}/github-connect", connect.tab, name="server_connect"),
    path(f"{SERVER}/github-connect/enable", connect.enable, name="connect_enable"),
    path(f"{SERVER}/github-connect/disable", connect.disable, name="connect_disable"),
    path(f"{SERVER}/github-connect/features/<slug:key>", connect.feature_switch, name="feature_switch"),
    path(f"{SERVER}/settings", server_settings.page, name="server_settings"),
    path(f"{SERVER}/settings/token/delete", server_settings.token_delete, name="server_token_delete"),
    path(f"{SERVER}/settings/remove", server_settings.remove, name="server_remove"),
    path("", include([page for page in sign_in.urlpatterns if page.name not in EMAIL])),
    path("sign-in/cancelled", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/failed", public(social.login_error), name="socialaccount_login_error"),
    path("sign-in/github/login/", if_set(github_places.login), name="github_login"),
    path("sign-in/github/login/callback/", if_set(github_places.callback), name="github_callback"),
    path("sign-in/oidc/<slug:provider_id>/login/", if_set(oidc.login), name="openid_connect_login"),
    path(
        "sign-in/oidc/<slug:provider_id>/login/callback/",
        if_set(oidc.callback),
        name="openid_connect_callback",
    ),
    *saml.addresses(if_set),
    path("", include("licensing.urls")),
]

handler500 = "ghconnect.views.pages.failed"
