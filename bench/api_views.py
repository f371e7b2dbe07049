"""The other ways to answer the API's hot lists: the same views bare, and as a REST framework would have them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from ghconnect import urls as ghconnect_urls
from ghconnect.api import auth, site
from ghconnect.models import AccessToken, Enterprise
from ghconnect.usecases import access_tokens
from licensing import licenses
from licensing.api import people, v3
from licensing.license_records import GITHUB_FIELDS
from licensing.models import LicenseRow, Person

SLUG, READ = "bench", AccessToken.Scope.READ_ENTERPRISE
Ways = tuple[str, str, str]


class Row(serializers.ModelSerializer):  # type: ignore[misc]
    """GitHub's row of a license."""

    class Meta:
        model = LicenseRow
        fields: ClassVar[list[str]] = list(GITHUB_FIELDS)


class Holder(Row):
    """The row with what the console adds; the person is found for each, as a serializer does."""

    expected = serializers.SerializerMethodField()

    class Meta(Row.Meta):
        fields: ClassVar[list[str]] = [*GITHUB_FIELDS, "person_id", "verdict", "expected"]

    def get_expected(self, row: LicenseRow) -> bool:
        """Whether the row's person consumes a license."""
        return Person.objects.filter(pk=row.person_id or 0, consumes=True).exists()


def estate(count: int) -> str:
    """Fill an enterprise with so many licenses; returns a token's text."""
    from tests.integration.engine import drive

    enterprise = drive.enterprise(SLUG)
    rows = [
        drive.row(
            f"user-{n:06}", github_com_name=f"User {n}", github_com_saml_name_id=f"user-{n}@bench.example"
        )
        for n in range(count)
    ]
    drive.read_cloud(enterprise, rows)
    return access_tokens.create(enterprise=enterprise, name="bench", scopes=[READ], by=None)[1]


def lists(count: int) -> list[tuple[str, Ways]]:
    """The hot lists: the address of each by the API, bare, and by the serializer."""
    last = str(count // 100)
    of = f"/api/v3/enterprises/{SLUG}/consumed-licenses?per_page=100&page="
    return [
        ("consumed-licenses, page 1", (f"{of}1", "/bare/licenses?page=1", "/drf/licenses?page=1")),
        (
            f"consumed-licenses, page {last}",
            (f"{of}{last}", f"/bare/licenses?page={last}", f"/drf/licenses?page={last}"),
        ),
        ("people, 50", ("/api/console/v1/people?limit=50", "/bare/people?limit=50", "/drf/people")),
    ]


def _entered(request: HttpRequest) -> Enterprise:
    return auth.enter(request, READ).enterprise


def bare_licenses(request: HttpRequest) -> HttpResponseBase:
    """The same view, called by hand."""
    return v3.consumed_licenses(request, _entered(request), int(request.GET["page"]), 100, 0)


def bare_people(request: HttpRequest) -> HttpResponseBase:
    """The same view, called by hand."""
    auth.enter(request, READ)
    return people.people_list(request, "", "", "", "", 50)


class ByToken(BaseAuthentication):  # type: ignore[misc]
    """The same token check and limit."""

    def authenticate(self, request: Request) -> tuple[Any, AccessToken]:
        """Let a token in."""
        token = auth.enter(request._request, READ)
        return token.created_by, token


class Hundred(PageNumberPagination):  # type: ignore[misc]
    """Numbered pages, as that framework has them: counted, and skipped by OFFSET."""

    page_size = 100


class Fifty(CursorPagination):  # type: ignore[misc]
    """Pages by cursor."""

    page_size = 50
    ordering: ClassVar[tuple[str, ...]] = licenses.ORDER


class Licenses(ListAPIView):  # type: ignore[misc]
    """GitHub's rows by a serializer."""

    serializer_class, pagination_class = Row, Hundred
    authentication_classes: ClassVar[list[type]] = [ByToken]
    renderer_classes: ClassVar[list[type]] = [JSONRenderer]

    def get_queryset(self) -> Any:
        """All that count, in order."""
        return licenses.everything(self.request.auth.enterprise, licenses.GITHUB).order_by(*licenses.ORDER)


class People(Licenses):
    """The same with what the console adds of each: its person, the verdict, and whether the person consumes."""

    serializer_class, pagination_class = Holder, Fifty


def _rendered(view: Any) -> Any:
    """The answer of that framework whole, as the console's own door expects answers."""
    return lambda request: view(request).render()


ghconnect_urls.urlpatterns[:0] = [
    path("bare/licenses", site.served(bare_licenses)),
    path("bare/people", site.served(bare_people)),
    path("drf/licenses", site.served(_rendered(Licenses.as_view()))),
    path("drf/people", site.served(_rendered(People.as_view()))),
]
