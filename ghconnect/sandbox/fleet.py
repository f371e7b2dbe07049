"""The instances of octo-corp, their tokens, and the host names everything answers at."""

from ghconnect.sandbox.text import DAY, guid
from ghconnect.sandbox.world import Connection

SLUG, NAME, DOMAIN = "octo-corp", "Octo Corp", "octo-corp.example"
WEB_HOST = f"github.{DOMAIN}"
API_HOST = f"api.{WEB_HOST}"
READER, OWNER = "octo-license-reader", "monalisa"
OLD_SENT_AT = 1_710_396_000  # 14 March 2024, 06:00 UTC

# short name: version, state, way in, SCIM, connected, days since GHEC received it (None: never), how, sends weekly
SERVERS: dict[str, tuple[str, str, str, bool, bool, float | None, str | None, bool]] = {
    "tokyo": ("3.19.2", "live", "pull", False, True, 2, "connect", True),
    "osaka": ("3.17.6", "live", "pull", False, True, 26, "connect", False),
    "berlin": ("3.19.0", "live", "pull", True, True, 4, "connect", True),
    "nagoya": ("3.18.3", "live", "pull", False, True, 1, "connect", True),
    "plant": ("3.16.5", "airgapped", "upload", False, False, 33, "upload", False),
    "old": ("3.8.4", "retired", "none", False, True, 0, "connect", False),
    "lab": ("3.19.2", "hidden", "none", False, True, None, None, False),
}


def host_of(short: str) -> str:
    """The host name a server has at first."""
    return f"ghe-{short}.{DOMAIN}"


def new_host_of(short: str) -> str:
    """The name a server takes when "renamed host" is switched on."""
    return f"ghe-{short}-new.{DOMAIN}"


def hosts() -> list[str]:
    """Every host name the certificate is for."""
    servers = [name for short in SERVERS for name in (host_of(short), new_host_of(short))]
    return [WEB_HOST, API_HOST, f"uploads.{WEB_HOST}", *servers]


def reading_token(short: str) -> str:
    """The classic token of the account that reads a server: fixed, and plainly pretend."""
    return f"ghp_PRETEND{short.capitalize()}SiteAdmin".ljust(40, "0")


OWNER_TOKEN = "ghp_PRETENDOctoCorpOwner".ljust(40, "0")
# Tokens that show what goes wrong: (host, token, login, scopes, state).
WRONG_TOKENS = (
    (API_HOST, "ghp_PRETENDNoScope".ljust(40, "0"), OWNER, "repo", "good"),
    (API_HOST, "ghp_PRETENDNotAnOwner".ljust(40, "0"), "alex-smith", "read:enterprise", "good"),
    (API_HOST, "ghp_PRETENDNoSingleSignOn".ljust(40, "0"), OWNER, "read:enterprise", "sso"),
    (API_HOST, "ghp_PRETENDExpired".ljust(40, "0"), OWNER, "read:enterprise", "revoked"),
    (API_HOST, "ghp_PRETENDReadEnterpriseOnly".ljust(40, "0"), OWNER, "read:enterprise", "good"),
    (API_HOST, "github_pat_PRETENDFineGrained".ljust(60, "0"), OWNER, "", "good"),
    (host_of("tokyo"), "ghp_PRETENDTokyoNoScope".ljust(40, "0"), READER, "repo", "good"),
    (host_of("tokyo"), "ghp_PRETENDTokyoNotSiteAdmin".ljust(40, "0"), "fatima-zahra", "site_admin", "good"),
    (host_of("tokyo"), "ghp_PRETENDTokyoExpired".ljust(40, "0"), READER, "site_admin", "revoked"),
)


def insert(db: Connection, seed: int, made_at: int) -> None:
    """Servers, tokens and domains of a new world."""
    for number, (short, facts) in enumerate(SERVERS.items(), start=1):
        version, state, way_in, scim, connected, days, how, weekly = facts
        sent_at = OLD_SENT_AT if short == "old" else None if days is None else int(made_at - days * DAY)
        identity = guid(seed, "tokyo" if short == "lab" else short)
        db.execute(
            """INSERT INTO server (id, short, host, server_id, known_id, version, state, way_in, scim, connected,
               created_at, next_send_at, sent_at, sent_how, sent_host, reader)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (number, short, host_of(short), identity, identity, version, state, way_in, scim, connected,
             made_at - (900 - 40 * number) * DAY, sent_at + 7 * DAY if weekly and sent_at else None, sent_at, how,
             host_of(short) if sent_at else None, READER),
        )  # fmt: skip
    _insert_tokens(db)
    db.executemany(
        "INSERT INTO domain (domain, verified, approved, created_at) VALUES (?, ?, ?, ?)",
        [(DOMAIN, 1, 0, made_at - 800 * DAY), ("octo-partner.example", 0, 1, made_at - 300 * DAY)],
    )


def _insert_tokens(db: Connection) -> None:
    rows = [(host_of(short), reading_token(short), READER, "site_admin", "good") for short in SERVERS]
    owner = (API_HOST, OWNER_TOKEN, OWNER, "admin:enterprise, admin:org, read:enterprise", "good")
    db.executemany(
        "INSERT INTO token (host, token, login, scopes, state) VALUES (?, ?, ?, ?, ?)",
        [owner, *rows, *WRONG_TOKENS],
    )
