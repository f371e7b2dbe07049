"""What GitHub tells of an account beside its license report: domains, invitations, products (reference §5, §8, §9).

Each function is one source and reads it to its end; a source that GitHub does not show raises GitHubError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ghconnect import records
from ghconnect.github.account import PAGE, Account, last_page
from ghconnect.github.errors import GitHubError
from ghconnect.github.identities import next_cursor
from ghconnect.github.queries import COLLABORATOR_INVITATIONS, INVITATIONS
from ghconnect.github.reading import flag, inner, moment, objects, text
from ghconnect.records import CloudFact

if TYPE_CHECKING:
    from ghconnect.github.ghec import Enterprise

# Pages are counted, so that a server which always names another one does not keep a worker for ever.
MOST_PAGES = 20_000
SCIM_SCOPES = ("admin:enterprise", "scim:enterprise")
PRODUCTS = {"code_security": records.CODE_SECURITY, "secret_protection": records.SECRET_PROTECTION}


def listed(client: Account, document: str, *path: str) -> Iterator[dict[str, Any]]:
    """Every node of a list under `path`; raises GitHubError `scope` where the token may not see it."""
    after: str | None = None
    for _ in range(MOST_PAGES):
        found = inner(client.ask(document, {"first": PAGE, "after": after}, scoped=True), *path)
        if not found:
            raise GitHubError("not_offered", {"host": client.host})
        yield from objects(found, "nodes")
        after = next_cursor(found)
        if after is None:
            return


def domains(client: Account, document: str, *path: str) -> Iterator[CloudFact]:
    """Domains that owners verified or approved at GitHub, and those that wait for it (reference §9)."""
    for node in listed(client, document, *path, "domains"):
        verified, approved = flag(node, "isVerified"), flag(node, "isApproved")
        state = "verified" if verified else "approved" if approved else "pending"
        if name := text(node, "domain").lower():
            yield CloudFact(records.DOMAIN, "", name, state, moment(node, "createdAt"))


def invitations(client: Account) -> Iterator[CloudFact]:
    """Who is invited into organizations, and into repositories as a collaborator (reference §4.2)."""
    for node in listed(client, INVITATIONS, "ownerInfo", "pendingMemberInvitations"):
        note = "scim" if text(node, "invitationSource") == "SCIM" else text(node, "role").lower()
        where, at = text(inner(node, "organization"), "login"), moment(node, "createdAt")
        yield CloudFact(records.INVITATION, _invited(node), where, note, at)
    for node in listed(client, COLLABORATOR_INVITATIONS, "ownerInfo", "pendingCollaboratorInvitations"):
        where = text(inner(node, "repository"), "nameWithOwner")
        by = "email" if text(node, "email") else "login"
        yield CloudFact(records.COLLABORATOR_INVITATION, _invited(node), where, by)


def _invited(node: dict[str, Any]) -> str:
    return text(inner(node, "invitee"), "login") or text(node, "email")


def visual_studio(client: Enterprise) -> Iterator[CloudFact]:
    """Visual Studio subscribers, and how GitHub matched them (reference §5.5)."""
    page = client.visual_studio_subscriptions(1)
    while True:
        for one in page.subscriptions:
            note = "manual" if one.manual_match else "automatic"
            yield CloudFact(records.VISUAL_STUDIO, one.login, one.email, note if one.login else "unmatched")
        if page.number >= page.last or page.number >= MOST_PAGES:
            return
        page = client.visual_studio_subscriptions(page.number + 1)


def managed_users(client: Account) -> Iterator[CloudFact]:
    """Suspended managed users, by the enterprise's SCIM: they hold no license and stand in no row (reference §4.2).

    Only an enterprise with managed users has it; GitHub answers a token without the scope in the same way (§13).
    """
    try:
        yield from _suspended(client)
    except GitHubError as error:
        if error.key == "not_offered":
            _need(client, *SCIM_SCOPES)
        raise


def _need(client: Account, *scopes: str) -> None:
    """Raise GitHubError `scope` where GitHub says that the token has none of these."""
    has = client.me().scopes
    if has is not None and not set(scopes) & set(has):
        raise GitHubError("scope", {"host": client.host, "scope": scopes[0], "scopes": ", ".join(has) or "–"})


def _suspended(client: Account) -> Iterator[CloudFact]:
    start, count = 1, 0
    for _ in range(MOST_PAGES):
        params = {"startIndex": str(start), "count": str(PAGE)}
        found = _json(client, "/scim/v2/enterprises/{slug}/Users", params)
        resources = list(objects(found, "Resources"))
        for user in resources:
            if flag(user, "active") is False and (name := text(user, "userName")):
                yield CloudFact(records.MANAGED_USER, "", name, "suspended")
        start, count = start + len(resources), count + len(resources)
        if not resources or count >= int(found.get("totalResults") or 0):
            return


def advanced_security(client: Account) -> Iterator[CloudFact]:
    """Active committers by product; where the enterprise has it as one product, without a name (reference §5.2)."""
    path = "/enterprises/{slug}/settings/billing/advanced-security"
    seen: set[tuple[str, str]] = set()
    for product, kind in PRODUCTS.items():
        for login in _committers(client, path, product):
            if (kind, login) not in seen:
                seen.add((kind, login))
                yield CloudFact(kind, login, product)


def _committers(client: Account, path: str, product: str) -> Iterator[str]:
    page, last = 1, 1
    while page <= min(last, MOST_PAGES):
        params = {"advanced_security_product": product, "per_page": str(PAGE), "page": str(page)}
        answer = client.get(path, params)
        last = last_page(answer, page)
        body = answer.json()
        for repository in objects(body if isinstance(body, dict) else {}, "repositories"):
            for one in objects(repository, "advanced_security_committers_breakdown"):
                yield text(one, "user_login")
        page += 1


def cost_centers(client: Account) -> Iterator[CloudFact]:
    """Which cost center a user is charged to; those of whole organizations and repositories name nobody.

    No published schema at hand has this answer: one of another shape is no answer, and tells of nobody that he is gone.
    """
    found = _json(client, "/enterprises/{slug}/settings/billing/cost-centers", {})
    if not isinstance(found.get("costCenters"), list):
        raise GitHubError("bad_answer", {"host": client.host, "status": "200"})
    for center in objects(found, "costCenters"):
        if text(center, "state") in ("", "active"):
            for one in objects(center, "resources"):
                if text(one, "type").lower() == "user" and (login := text(one, "name")):
                    yield CloudFact(records.COST_CENTER, login, text(center, "name"))


def _json(client: Account, path: str, params: dict[str, str]) -> dict[str, Any]:
    body = client.get(path, params).json()
    return body if isinstance(body, dict) else {}
