"""Checks a connection step by step, at once, and says what each step answered (PRODUCT §6.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from ghconnect.github import ghec, ghes
from ghconnect.github.errors import GitHubError
from ghconnect.models import Enterprise
from ghconnect.records import Check, EnterpriseFacts, ServerLicense, ServerMeta, TokenFacts

from . import clients

T = TypeVar("T")
WAY = ("name", "address", "connect", "tls", "product")
ENTERPRISE = (*WAY, "kind", "identity", "role", "scope", "report", "sync_status", "identities")
SERVER = (*WAY, "kind", "identity", "role", "scope", "users_report")
# At which step of the way a request failed; what is not here failed where it was asked.
FAILS_AT = {
    "dns": "name",
    "address_refused": "address",
    "address_never": "address",
    **dict.fromkeys(("refused", "timeout", "proxy"), "connect"),
    **dict.fromkeys(("tls", "tls_ca", "tls_name", "tls_expired", "bad_ca"), "tls"),
    **dict.fromkeys(("wrong_host", "redirect", "bad_answer", "server_error"), "product"),
}
READ_SCOPES = {"read:enterprise", "admin:enterprise"}
ORGANIZATION_SCOPES = {"read:org", "write:org", "admin:org"}


@dataclass(frozen=True, slots=True)
class Examined:
    """The checks, and the facts that came with them."""

    checks: list[Check]
    token: TokenFacts | None = None
    enterprise: EnterpriseFacts | None = None
    meta: ServerMeta | None = None
    license: ServerLicense | None = None

    def failed(self, *keys: str) -> bool:
        """Whether one of these checks failed."""
        return any(check.ok is False for check in self.checks if check.key in keys)

    def passed(self, *keys: str) -> bool:
        """Whether each of these checks was reached and is ok."""
        return set(keys) <= {check.key for check in self.checks if check.ok}


class Steps:
    """Results of steps by key; after a failure nothing behind it is reached."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self._done: dict[str, Check] = {}

    def put(self, key: str, ok: bool | None, detail: str = "", problem: str = "", **params: str) -> None:
        """Set the result of one step."""
        self._done[key] = Check(key, ok, problem, params, detail)

    def passed(self, *keys: str) -> None:
        """These steps are ok unless something else is known of them."""
        for key in keys:
            self._done.setdefault(key, Check(key, True))

    def fail(self, key: str, error: GitHubError) -> None:
        """A request for step `key` failed: at the way to the host, or at the step itself."""
        at = FAILS_AT.get(error.key, key)
        at = at if at not in self._done else key
        self.passed(*WAY[: WAY.index(at) if at in WAY else len(WAY)])
        self._done[at] = Check(at, False, error.key, dict(error.params))

    def all(self) -> list[Check]:
        """Every step in order; those not reached are None."""
        return [self._done.get(key, Check(key, None)) for key in self._keys]


def check_enterprise(host: str, slug: str, token: str, kind: str = "") -> list[Check]:
    """Check an account on GitHub with a token; never raises GitHubError."""
    return examine_enterprise(host, slug, token, kind).checks


def check_server(host: str, token: str, ca_bundle: str = "") -> list[Check]:
    """Check an instance with a token; never raises GitHubError."""
    return examine_server(host, token, ca_bundle).checks


def examine_enterprise(host: str, slug: str, token: str, kind: str = "") -> Examined:
    """Check an account on GitHub and keep what was learned on the way; never raises GitHubError."""
    steps = Steps(ENTERPRISE)
    with clients.session(timeouts=clients.CHECKING) as session:
        client = clients.account(kind)(session, host, slug, token)
        single = kind == Enterprise.Kind.ORGANIZATION
        facts = _try(steps, "identity", client.me)
        if facts is None:
            return Examined(steps.all())
        _token_steps(steps, facts, ORGANIZATION_SCOPES if single else READ_SCOPES)
        report = _try(steps, "report", lambda: client.consumed_licenses(1, 1))
        if report is None:
            _blame_kind(steps, facts)
            return Examined(steps.all(), facts)
        steps.put("report", True, f"{report.total_seats_consumed} / {report.total_seats_purchased}")
        steps.put("kind", True, facts.kind)
        statuses = None if single else _try(steps, "sync_status", client.license_sync_status)
        if statuses is not None:
            steps.put("sync_status", True, str(len(statuses)))
        enterprise = _optional(client.facts)
        _role_step(steps, facts, slug, enterprise)
        _identities_step(steps, client)
        return Examined(steps.all(), facts, enterprise)


def examine_server(host: str, token: str, ca_bundle: str = "") -> Examined:
    """Check an instance and keep what was learned on the way; never raises GitHubError."""
    steps = Steps(SERVER)
    try:
        with clients.session(ca_bundle=ca_bundle, timeouts=clients.CHECKING) as session:
            return _examine_server(steps, ghes.Server(session, host, token), bool(token))
    except GitHubError as error:  # the CA bundle is none
        return Examined([Check(key, False if key == "tls" else None, error.key) for key in SERVER])


def _examine_server(steps: Steps, client: ghes.Server, has_token: bool) -> Examined:
    meta = _try(steps, "product", client.meta)
    if meta is None:
        return Examined(steps.all())
    steps.put("product", True, meta.installed_version)
    steps.passed(*WAY)
    if not has_token:
        steps.put("kind", False, "", "no_token", host=client.host)
        return Examined(steps.all(), meta=meta)
    facts = _try(steps, "identity", client.me)
    if facts is None:
        return Examined(steps.all(), meta=meta)
    _token_steps(steps, facts, {"site_admin"})
    license_ = _try(steps, "role", client.license)
    if license_ is not None:
        steps.put("role", True)
        _report_step(steps, client)
    return Examined(steps.all(), facts, meta=meta, license=license_)


def _report_step(steps: Steps, client: ghes.Server) -> None:
    """The report answers, or is being prepared: both show that this token may have it."""
    try:
        with client.users_report():
            steps.put("users_report", True)
    except GitHubError as error:
        if error.key == "preparing":
            steps.put("users_report", True, "202")
        else:
            steps.fail("users_report", error)


def _token_steps(steps: Steps, facts: TokenFacts, wanted: set[str]) -> None:
    """Everything on the way is ok, the token is somebody's, and its scopes are known or not."""
    steps.passed(*WAY)
    steps.put("kind", True if facts.kind == "classic" else None, facts.kind)
    steps.put("identity", True, facts.login)
    if facts.scopes is None:
        steps.put("scope", None)
    elif wanted & set(facts.scopes):
        steps.put("scope", True, ", ".join(facts.scopes))
    else:
        missing, has = min(wanted, key=len), ", ".join(facts.scopes) or "–"
        steps.put("scope", False, "", "scope", scope=missing, scopes=has)


def _role_step(steps: Steps, facts: TokenFacts, slug: str, enterprise: EnterpriseFacts | None) -> None:
    if enterprise is None or enterprise.viewer_is_admin is None:
        steps.put("role", None)
    elif enterprise.viewer_is_admin:
        steps.put("role", True, enterprise.name)
    else:
        steps.put("role", False, "", "not_owner", login=facts.login, slug=slug)


def _identities_step(steps: Steps, client: ghec.Enterprise) -> None:
    """Identity values are a help, not a need: what cannot be read is not a failure."""
    page = _optional(lambda: client.identities(first=1))
    readable = page is not None and page.readable
    steps.put("identities", True if readable else None, str(page.total or 0) if page and readable else "")


def _blame_kind(steps: Steps, facts: TokenFacts) -> None:
    """A token of another kind was tried; if the report refused it, its kind is the first thing to mend."""
    report = next(check for check in steps.all() if check.key == "report")
    if facts.kind != "classic" and report.problem == "token_kind":
        steps.put("kind", False, facts.kind, "token_kind", **report.params)


def _try(steps: Steps, key: str, ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except GitHubError as error:
        steps.fail(key, error)
        return None


def _optional(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except GitHubError:
        return None


def stored(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Checks as the rows keep them (JSON)."""
    return [asdict(check) for check in checks]


def outcome(found: list[Check]) -> dict[str, str]:
    """What an event says of checks: ok, failed with the problem's key, or not reached, by step."""
    words = {True: "ok", None: "unknown"}
    return {each.key: words.get(each.ok) or each.problem or "failed" for each in found}
