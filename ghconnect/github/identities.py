"""The comparable values of cloud accounts, from GraphQL's external identities (reference §4.3 and §8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ghconnect import records
from ghconnect.github.reading import flag, inner, number, objects, text, texts
from ghconnect.records import Identity, IdentityPage

# The two claims GitHub documents as compared, by the names they have among SAML attributes.
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
ATTRIBUTES = {
    CLAIMS + "name": records.SAML_CLAIM_NAME,
    CLAIMS + "emailaddress": records.SAML_CLAIM_EMAIL,
    "username": records.SAML_USERNAME,
    "NameID": records.SAML_NAME_ID,
    "emails": records.SAML_EMAILS,
}


def page(holder: dict[str, Any]) -> IdentityPage:
    """Identities of one page of whoever holds a provider: an enterprise's `ownerInfo`, or an organization.

    An enterprise with managed users has one of the two kinds, SAML or OpenID Connect.
    """
    provider = inner(holder, "samlIdentityProvider") or inner(holder, "oidcProvider")
    found = inner(provider, "externalIdentities")
    values = [value for node in objects(found, "nodes") for value in of(node)]
    return IdentityPage(
        readable=bool(found),
        total=number(found, "totalCount"),
        end_cursor=next_cursor(found),
        identities=tuple(dict.fromkeys(values)),
    )


def next_cursor(connection: dict[str, Any]) -> str | None:
    """Where the next page begins, None after the last."""
    info = inner(connection, "pageInfo")
    return (text(info, "endCursor") or None) if flag(info, "hasNextPage") else None


def of(node: dict[str, Any]) -> Iterator[Identity]:
    """Every comparable value of one external identity; none while nobody on GitHub is linked to it."""
    login = text(inner(node, "user"), "login")
    saml, scim = inner(node, "samlIdentity"), inner(node, "scimIdentity")
    pairs = [
        (records.SAML_NAME_ID, text(saml, "nameId")),
        *(
            (ATTRIBUTES.get(text(item, "name"), ""), text(item, "value"))
            for item in objects(saml, "attributes")
        ),
        (records.SAML_USERNAME, text(saml, "username")),
        *((records.SAML_EMAILS, value) for value in texts(saml, "emails")),
        (records.SCIM_USERNAME, text(scim, "username")),
        *((records.SCIM_EMAILS, value) for value in texts(scim, "emails")),
    ]
    yield from (Identity(login, kind, value) for kind, value in pairs if login and kind and value)
