"""Who holds a license, and why, for scripts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect.api.answers import answer, not_modified, paged, tag, tagged
from ghconnect.api.auth import refuse
from ghconnect.api.console import ADMIN, OVERSEE, READ, enterprise_of
from ghconnect.api.shapes import CONFLICTS, PROBLEMS, Cursor, Paged, Said, Size
from ghconnect.models import Enterprise
from ghconnect.prepared import Prepared
from licensing import (
    address_list,
    check_address,
    facets,
    license_records,
    licenses,
    people,
    person_data,
    search,
    walks,
)
from licensing.models import CloudPicture, Person
from licensing.usecases import erase

from .v3 import License

router = Router(tags=["console"])
View = Annotated[
    Literal["github", "expected", ""],
    Said("Counted by GitHub, or as expected after every server's next sync; GitHub's where there is one."),
]
Typed = Annotated[
    str, Field(max_length=500), Said("A search as on the page: words, server:HOST, verdict:KEY, …")
]


class Holder(License):
    """A license with this console's columns beside GitHub's; `person` leads to the why."""

    person: int | None
    source: str
    verdict: str
    expected: bool


class Holders(Paged):
    """Licenses in order of name, of one edition."""

    items: list[Holder]
    edition: int


class Why(Schema):
    """A person: the accounts with the rule and value that tie them, GitHub's rows, and the license over time."""

    id: int
    name: str
    consumes: bool
    reason: str
    license_type: str
    deployment: str
    as_of: dict[str, str]
    accounts: list[dict[str, Any]]
    github_rows: list[dict[str, Any]]
    history: list[dict[str, Any]]
    nearest_misses: list[dict[str, Any]]
    former_accounts: list[dict[str, Any]]
    github_facts: list[dict[str, Any]]


class Erased(Schema):
    """A person whose addresses and names are gone; `accounts` of them were blanked. All counts stay."""

    person: int
    accounts: int


class CheckAddress(Schema):
    """The primary email of an account that is, or may come."""

    address: str = Field(max_length=320)
    model_config = ConfigDict(json_schema_extra={"examples": [{"address": "mona@example.com"}]})


class WouldItCost(Schema):
    """Addresses of people who may be invited."""

    addresses: list[Annotated[str, Field(max_length=320)]] = Field(max_length=address_list.MOST)
    model_config = ConfigDict(json_schema_extra={"examples": [{"addresses": ["mona@example.com"]}]})


class AddressCost(Schema):
    """What an account with the address would add: 0 or 1 licenses, and whom it would join."""

    address: str
    words: str
    rule: str
    person: int | None
    licenses: int
    accounts: list[str]
    invited: bool
    tie: bool


class Costs(Schema):
    """One answer for each address, each address once; `licenses` is their sum."""

    licenses: int
    items: list[AddressCost]


class AddressAccount(Schema):
    """An account that has the address."""

    host: str
    login: str
    remote_user_id: int
    person: int | None
    rule: str
    consumes: bool


class CheckedAddress(Schema):
    """Whom an account with the address would belong to, by which rule, and the licenses it would take: 0 or 1."""

    key: str
    rule: str
    github_com_login: str
    tie: bool
    person: int | None
    licenses: int
    accounts: list[AddressAccount]


@router.get("/people", auth=READ, response={200: Holders, **PROBLEMS})
def people_list(
    request: HttpRequest,
    view: View = "",
    q: Typed = "",
    after: Cursor = "",
    before: Cursor = "",
    limit: Size = 50,
) -> HttpResponse:
    """List who holds a license, searched as on the page. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    chosen = view_of(enterprise, view)
    entity_tag = tag(request, enterprise.pk, enterprise.edition, chosen)
    if had := not_modified(request, entity_tag):
        return had
    searched = walks.Search(enterprise, chosen, query_of(q), facets.of(enterprise) if q else facets.Facets())
    page = searched.page(request, licenses.ORDER, size=limit, only=licenses.ORDER)
    records = license_records.console_records(enterprise, chosen, [row.pk for row in page.rows])
    made = paged(request, page, records, edition=enterprise.edition)
    made.headers["ETag"] = entity_tag
    return made


@router.get("/people/{id}", auth=READ, response={200: Why, **PROBLEMS})
def person_why(request: HttpRequest, id: int) -> HttpResponse:
    """Say why a person holds a license, or none. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    return tagged(request, person_data.of(people.whole(enterprise, _find(enterprise, id))))


@router.post("/people/{id}/erase", auth=ADMIN, response={200: Erased, **CONFLICTS})
def person_erase(request: HttpRequest, id: int) -> HttpResponse:
    """Erase addresses and names of a person who has left; it cannot be undone. Scope admin:connect.

    409 while a server or GitHub's report still lists an account: the next sync would bring the person back.
    """
    enterprise = enterprise_of(request)
    person = _find(enterprise, id)
    try:
        count = erase.person(enterprise=enterprise, pk=person.pk, by=None)
    except erase.StillThere:
        words = _(
            "This person still has an account, or GitHub's report still lists one;"
            " the next sync would bring it back."
        )
        raise refuse(409, "still_there", words) from None
    return answer({"person": person.pk, "accounts": count})


@router.post("/check-address", auth=OVERSEE, response={200: CheckedAddress, **PROBLEMS})
def address_check(request: HttpRequest, body: CheckAddress) -> HttpResponse:
    """Say whom an account with this primary email would belong to, and whether it would cost a license.

    Nothing is changed; the address comes in the body so that no log of addresses keeps it. Scope read:enterprise,
    of an owner or auditor.
    """
    found = check_address.of(enterprise_of(request), [body.address.replace("\0", "")])[0]
    return answer(
        {
            "key": found.key,
            "rule": found.rule,
            "github_com_login": found.login,
            "tie": found.tie,
            "person": found.person.pk if found.person else None,
            "licenses": found.licenses,
            "accounts": [
                {
                    "host": account.server.host,
                    "login": account.login,
                    "remote_user_id": account.remote_user_id,
                    "person": account.person_id,
                    "rule": account.rule,
                    "consumes": account.consumes,
                }
                for account in found.accounts
            ],
        }
    )


@router.post("/would-it-cost", auth=OVERSEE, response={200: Costs, **PROBLEMS})
def would_it_cost(request: HttpRequest, body: WouldItCost) -> HttpResponse:
    """Say of each address whether an account with it would cost a license.

    Nothing is changed. What is no address is left out; each address is answered once. Scope read:enterprise,
    of an owner or auditor.
    """
    wanted = address_list.split(" ".join(body.addresses))
    found = address_list.answers(enterprise_of(request), wanted)
    items = [
        {
            "address": one.address,
            "words": one.words,
            "rule": one.rule,
            "person": one.person.pk if one.person else None,
            "licenses": one.licenses,
            "accounts": list(one.accounts),
            "invited": one.invited,
            "tie": one.tie,
        }
        for one in found
    ]
    return answer({"licenses": sum(one.licenses for one in found), "items": items})


def _find(enterprise: Enterprise, pk: int) -> Person:
    person = Person.objects.filter(enterprise=enterprise, pk=pk).first() if 0 < pk < 2**63 else None
    if person is None:
        raise Http404
    return person


def view_of(enterprise: Enterprise, asked: str) -> str:
    """Return the view that is asked for, or the one there is."""
    return (asked or licenses.GITHUB) if COUNTED.first(enterprise.pk) else licenses.EXPECTED


COUNTED = Prepared(
    lambda enterprise: CloudPicture.objects.filter(enterprise=enterprise, consumed__isnull=False).values_list(
        "pk"
    ),
    -1,
)


def query_of(typed: str) -> search.Query:
    """Read a search. A list is never of another search than was asked for: with a word nobody knows there is none."""
    query = search.parse(typed)
    if query.unknown:
        words = _("Not known in a search: {words}.").format(words=", ".join(query.unknown))
        raise refuse(422, "unknown_search", words)
    return query
