"""All settings, from the environment; the defaults run on a laptop, wrong values fail at start with advice."""

from __future__ import annotations

import ipaddress
import os
import secrets
import ssl
from pathlib import Path

from celery.schedules import crontab
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from ghconnect.sign_in import options
from ghconnect.strict_env import LEVELS, Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
VAR_DIR = Path(env.str("GHCONNECT_VAR", default=str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", default=False)


def kept_secret(name: str, make: object) -> str:
    """Return the secret kept in `var/NAME`, made at the first start and readable by its owner alone.

    Production gives the secret by the environment instead, so that it is not beside the database.
    """
    path = VAR_DIR / name
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())  # type: ignore[operator]
    return path.read_text().strip()


SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret("secret.key", lambda: secrets.token_urlsafe(50))
# Newest first: the first key seals, all of them open (MultiFernet).
GHCONNECT_SEALING_KEYS: list[str] = env.list("GHCONNECT_SEALING_KEYS", default=[]) or [
    kept_secret("sealing.key", lambda: Fernet.generate_key().decode())
]
for number, key in enumerate(GHCONNECT_SEALING_KEYS, 1):
    try:
        Fernet(key)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"GHCONNECT_SEALING_KEYS, key {number}: not a Fernet key. Make one with: "
            'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        ) from error

# --- who may call, and how browsers must -----------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS_ONLY = env.bool("GHCONNECT_HTTPS_ONLY", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = env.whole("GHCONNECT_HSTS_SECONDS", default=31_536_000 if HTTPS_ONLY else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("GHCONNECT_BEHIND_PROXY", default=False) else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Two consoles on one machine (another port) must not sign each other out: cookies know no ports.
SESSION_COOKIE_NAME = env.str("GHCONNECT_COOKIE_PREFIX", default="ghconnect") + "_session"
CSRF_COOKIE_NAME = env.str("GHCONNECT_COOKIE_PREFIX", default="ghconnect") + "_csrf"

# --- apps ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "ghconnect",
    "licensing",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.github",
]
MIDDLEWARE = [
    "ghconnect.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "ghconnect.middleware.SecurityHeadersMiddleware",
    "ghconnect.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "ghconnect.middleware.MaintenanceMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # A proxy that says who calls, only where an operator trusts one.
    "ghconnect.sign_in.proxy.TrustedProxyMiddleware",
    # Every view needs a sign-in unless it says `@public`; roles are checked by `ghconnect.access`.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "ghconnect.middleware.ViewerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ghconnect.sign_in.sessions.ActivityMiddleware",
    # Beside a sandbox alone: which steps of its tour somebody has seen.
    "licensing.tour.TourMiddleware",
]
ROOT_URLCONF = "ghconnect.urls"
WSGI_APPLICATION = "ghconnect.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ghconnect.context.place",
                "licensing.context.given_up_counts",
            ],
            "builtins": ["ghconnect.templatetags.ghconnect_ui", "django.templatetags.i18n"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- stores ----------------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'ghconnect.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets pages read while a worker writes; IMMEDIATE takes the write lock at BEGIN, so that two writers
    # queue (busy time-out) instead of one of them failing half way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
    }
else:
    DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.broker("REDIS_URL", default="redis://127.0.0.1:6390/0")
# Sign-in tries are counted in one place for all web processes; a Redis that is slow must not stop the page.
CACHES = {
    "default": {
        "BACKEND": "ghconnect.cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "ghconnect",
        "OPTIONS": {"socket_timeout": 1.0, "socket_connect_timeout": 1.0},
    }
}

# --- Celery: the run row is the truth, the broker only a doorbell ------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "ghconnect.doorbell:Transport"
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "ghconnect"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# Each says no more than "look now": what lies there when a worker comes back after an hour says nothing.
LOOK = {"expires": 3600}
CELERY_BEAT_SCHEDULE = {
    "request due syncs": {
        "task": "licensing.request_due_syncs",
        "schedule": env.seconds("GHCONNECT_DISPATCH_SECONDS", default=30.0),
        "options": LOOK,
    },
    "sweep stale runs": {
        "task": "licensing.sweep_stale_runs",
        "schedule": env.seconds("GHCONNECT_SWEEP_SECONDS", default=5.0),
        "options": LOOK,
    },
    "forget what is kept no longer": {
        "task": "licensing.prune",
        "schedule": crontab(hour=3, minute=17),
        "options": LOOK,
    },
}
CELERY_BEAT_SCHEDULE["refresh what needs attention"] = {
    "task": "licensing.refresh_attention",
    "schedule": env.seconds("GHCONNECT_ATTENTION_SECONDS", default=300.0),
    "options": LOOK,
}
GHCONNECT_LEASE_SECONDS = env.whole("GHCONNECT_LEASE_SECONDS", default=60, least=1)
# How many days what was read, and whom it was about, is kept (ENGINEERING §27).
GHCONNECT_KEEP_PAYLOADS_DAYS = env.whole("GHCONNECT_KEEP_PAYLOADS_DAYS", default=30, least=1)
GHCONNECT_KEEP_RUN_DETAILS_DAYS = env.whole("GHCONNECT_KEEP_RUN_DETAILS_DAYS", default=730, least=1)
GHCONNECT_KEEP_EXPORTS_DAYS = env.whole("GHCONNECT_KEEP_EXPORTS_DAYS", default=7, least=1)
GHCONNECT_KEEP_PEOPLE_DAYS = env.whole("GHCONNECT_KEEP_PEOPLE_DAYS", default=730, least=1)
GHCONNECT_KEEP_ALERTS_DAYS = env.whole("GHCONNECT_KEEP_ALERTS_DAYS", default=365, least=1)
GHCONNECT_PAUSE_SYNCS = env.bool("GHCONNECT_PAUSE_SYNCS", default=False)
GHCONNECT_MAINTENANCE = env.bool("GHCONNECT_MAINTENANCE", default=False)
# 0 keeps the audit log for ever. A collector gets each event at least once.
GHCONNECT_KEEP_AUDIT_DAYS = env.whole("GHCONNECT_KEEP_AUDIT_DAYS", default=0)
GHCONNECT_AUDIT_STREAM = env.str("GHCONNECT_AUDIT_STREAM", default="")
GHCONNECT_AUDIT_STREAM_TOKEN = env.str("GHCONNECT_AUDIT_STREAM_TOKEN", default="")
options.check_stream(GHCONNECT_AUDIT_STREAM)
# Who may read /metrics: whoever brings this token (Authorization: Bearer …), and these networks.
GHCONNECT_METRICS_TOKEN = env.str("GHCONNECT_METRICS_TOKEN", default="")
GHCONNECT_FAULTS = env.str("GHCONNECT_FAULTS", default="")


# --- outgoing HTTP -----------------------------------------------------------------------------------------
def parse_resolve(items: list[str]) -> dict[tuple[str, int], tuple[str, int]]:
    """Read `host:443=address:port` entries, as curl's --resolve means them."""
    pairs = {}
    for item in items:
        try:
            name, target = item.split("=")
            host, port = name.rsplit(":", 1)
            address, target_port = target.rsplit(":", 1)
            pairs[(host.lower(), int(port))] = (
                str(ipaddress.ip_address(address.strip("[]"))),
                int(target_port),
            )
        except ValueError as error:
            raise ImproperlyConfigured(
                f"GHCONNECT_RESOLVE: {item!r} is not HOST:PORT=ADDRESS:PORT, "
                "for instance ghe.example.com:443=10.0.0.5:443"
            ) from error
    return pairs


def parse_networks(
    items: list[str], name: str = "GHCONNECT_ALLOWED_NETWORKS"
) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Read networks in CIDR form from the setting called `name`."""
    try:
        return [ipaddress.ip_network(item) for item in items]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}. Write networks as 10.0.0.0/8, separated by commas."
        ) from error


def read_ca_bundle(path: str) -> str:
    """Read a PEM file of certificate authorities that are trusted besides the public ones."""
    try:
        text = Path(path).read_text() if path else ""
        if text:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"GHCONNECT_CA_BUNDLE: {path} is not a readable PEM file of CA certificates ({error})."
        ) from error
    return text


GHCONNECT_RESOLVE = parse_resolve(env.list("GHCONNECT_RESOLVE", default=[]))
GHCONNECT_ALLOWED_NETWORKS = parse_networks(env.list("GHCONNECT_ALLOWED_NETWORKS", default=[]))
GHCONNECT_METRICS_NETWORKS = parse_networks(
    env.list("GHCONNECT_METRICS_NETWORKS", default=["127.0.0.0/8", "::1"]), "GHCONNECT_METRICS_NETWORKS"
)
GHCONNECT_PROXY = env.str("HTTPS_PROXY", default="")
GHCONNECT_NO_PROXY = env.list("NO_PROXY", default=[])
GHCONNECT_CA_BUNDLE = read_ca_bundle(env.str("GHCONNECT_CA_BUNDLE", default=""))
GHCONNECT_SANDBOX_URL = env.str("GHCONNECT_SANDBOX_URL", default="")

# --- people ------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "ghconnect.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "ghconnect.sign_in.account.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "ghconnect.forms.SignInForm",
    "change_password": "ghconnect.forms.sign_in.ChangePasswordForm",
    "reset_password": "ghconnect.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "ghconnect.forms.sign_in.ResetPasswordKeyForm",
    "set_password": "ghconnect.forms.sign_in.SetPasswordForm",
    "reauthenticate": "ghconnect.forms.sign_in.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
# Wrong tries of an address, and of an account from browsers it does not know (sign_in/devices.py).
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_ADAPTER = "ghconnect.sign_in.second_factor.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # owners give the address; nobody changes their own
MFA_TOTP_ISSUER = "ghconnect"
# The clock of a phone may be one step off.
MFA_TOTP_TOLERANCE = 1
# Browsers offer passkeys to https, and to http://localhost for whoever tries this on a laptop.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS_ONLY
MFA_FORMS = {
    "authenticate": "ghconnect.forms.second_factor.AuthenticateForm",
    "reauthenticate": "ghconnect.forms.second_factor.ReauthenticateForm",
    "activate_totp": "ghconnect.forms.second_factor.ActivateTOTPForm",
    "add_webauthn": "ghconnect.forms.second_factor.AddPasskeyForm",
    "edit_webauthn": "ghconnect.forms.second_factor.RenamePasskeyForm",
}

# --- other ways to sign in: nothing of this is on unless an operator sets it ----------------------------------
SOCIALACCOUNT_ADAPTER = "ghconnect.sign_in.providers.SocialAccountAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = SOCIALACCOUNT_QUERY_EMAIL = True
# A link, not a form: `form-action` of the page's policy also holds for where a form is sent on to.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
GHCONNECT_GITHUB_URL = env.str("GHCONNECT_GITHUB_URL", default="https://github.com").rstrip("/")
SOCIALACCOUNT_PROVIDERS = {
    **options.oidc(
        {
            "issuer": env.str("GHCONNECT_OIDC_ISSUER", default=""),
            "client_id": env.str("GHCONNECT_OIDC_CLIENT_ID", default=""),
            "secret": env.str("GHCONNECT_OIDC_CLIENT_SECRET", default=""),
            "name": env.str("GHCONNECT_OIDC_NAME", default="SSO"),
            "scope": env.str("GHCONNECT_OIDC_SCOPE", default=""),
        }
    ),
    **options.github(
        env.str("GHCONNECT_GITHUB_CLIENT_ID", default=""),
        env.str("GHCONNECT_GITHUB_CLIENT_SECRET", default=""),
    ),
    **options.saml(
        env.str("GHCONNECT_SAML_ENTITY_ID", default=""),
        env.str("GHCONNECT_SAML_SSO_URL", default=""),
        env.str("GHCONNECT_SAML_CERTIFICATE", default=""),
        env.str("GHCONNECT_SAML_NAME", default="SAML"),
    ),
}
if "saml" in SOCIALACCOUNT_PROVIDERS:
    INSTALLED_APPS.append("allauth.socialaccount.providers.saml")
GHCONNECT_OIDC_GROUPS_CLAIM = env.str("GHCONNECT_OIDC_GROUPS_CLAIM", default="groups")
# Off: only an address that the provider calls verified finds a person who is here already.
GHCONNECT_OIDC_TRUST_EMAIL = env.bool("GHCONNECT_OIDC_TRUST_EMAIL", default=False)
GHCONNECT_GROUP_ROLES = options.parse_roles(env.list("GHCONNECT_GROUP_ROLES", default=[]))
GHCONNECT_TRUSTED_PROXIES = parse_networks(
    env.list("GHCONNECT_TRUSTED_PROXIES", default=[]), "GHCONNECT_TRUSTED_PROXIES"
)
GHCONNECT_TRUSTED_HEADER = options.check_header(
    env.str("GHCONNECT_TRUSTED_HEADER", default=""), GHCONNECT_TRUSTED_PROXIES
)
GHCONNECT_LOCAL_PASSWORDS = env.bool("GHCONNECT_LOCAL_PASSWORDS", default=True)
options.check_ways(
    passwords=GHCONNECT_LOCAL_PASSWORDS, others=bool(SOCIALACCOUNT_PROVIDERS or GHCONNECT_TRUSTED_HEADER)
)

# --- sessions --------------------------------------------------------------------------------------------------
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SESSION_COOKIE_AGE = env.whole("GHCONNECT_SESSION_SECONDS", default=12 * 3600, least=60)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="ghconnect@localhost")
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# A mail server that does not answer holds no worker for longer.
EMAIL_TIMEOUT = 20

# --- language, time, files -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ja", "日本語")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_COOKIE_NAME = "ghconnect_language"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from static/ under names that hold a hash, so there is nothing to collect (see static_files).
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "ghconnect.static_files.HashedStaticFiles"},
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# How often a token may ask the API in an hour; GitHub gives apps of an enterprise as much.
GHCONNECT_API_HOURLY = env.whole("GHCONNECT_API_HOURLY", default=15_000, least=1)
GHCONNECT_UPLOAD_MAX_BYTES = env.whole("GHCONNECT_UPLOAD_MAX_BYTES", default=1_000_000_000, least=1)

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT: {LOG_FORMAT!r} is neither line nor json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "ghconnect.json_log.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.one_of("LOG_LEVEL", "INFO", LEVELS)},
    # A run says itself how it went, in one line; that a task was received and has ended adds nothing.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")},
}
