"""The API itself: its routers, its document, and what every answer has."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser

from ghconnect.request_facts import acting

from . import answers, auth, document, errors, versions
from .problems import problem

View = Callable[..., HttpResponseBase]


class Site(NinjaAPI):
    """Names its addresses `api_…`, so that whoever walks all addresses knows them."""

    def get_operation_url_name(self, operation: Operation, router: Any) -> str:
        """Return the name of an operation's address."""
        return f"api_{operation.view_func.__name__}"

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the name of an operation in the document."""
        return operation.view_func.__name__


class ObjectParser(Parser):
    """Reads a body that is a JSON object and nothing else: a list or null would pass for one without members."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the members. Raises ValueError."""
        found = orjson.loads(request.body)
        if not isinstance(found, dict):
            raise ValueError(type(found).__name__)
        return found


api = Site(
    title="ghconnect",
    version="1",
    description=document.DESCRIPTION,
    docs_url=None,
    openapi_url=None,
    openapi_extra={"tags": document.TAGS},
    urls_namespace="ghconnect-api",
    parser=ObjectParser(),
)


@api.exception_handler(auth.Denied)
def _denied(request: HttpRequest, error: auth.Denied) -> HttpResponseBase:
    return error.answer


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return errors.not_found(request)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    told = [
        {"field": ".".join(map(str, each["loc"][1:])), "code": str(each["type"]), "message": str(each["msg"])}
        for each in error.errors
    ]
    return errors.invalid(request, told)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer a body that is no JSON, which is all that ninja itself says by this error."""
    if errors.like_github(request):
        return errors.github(400, "Problems parsing JSON")
    return problem(400, "bad_json", _("The body is not a JSON object."))


def patterns(site: NinjaAPI) -> list[URLPattern]:
    """Return the addresses of the API, each with what every answer has; what is no address is a 404 of its own kind."""
    found: list[URLPattern] = [
        each for each in site.urls[0] if isinstance(each, URLPattern) and each.name != "api-root"
    ]
    for pattern in found:
        pattern.callback = served(pattern.callback)
    missing = served(lambda request, **where: errors.not_found(request))
    ends = [path("v3/", missing, name="api_v3_slash"), path("<path:rest>", missing, name="api_missing")]
    return [*found, *ends]


def served(view: View) -> View:
    """Let no cookie in; answer HEAD as GET without its body; add the headers of every answer."""

    @wraps(view)
    def answered(request: HttpRequest, **where: Any) -> HttpResponseBase:
        head, name = request.method == "HEAD", acting.set("")
        if head:
            request.method = "GET"
        try:
            answer = versions.refused(request) or view(request, **where)
        finally:
            acting.reset(name)
        if request.method == "GET" and answer.status_code == 200 and isinstance(answer, HttpResponse):
            answer = _tagged(request, answer)
        if answer.status_code == 405:
            answer = errors.wrong_method(request, answer.headers.get("Allow", "GET"))
        _add_headers(request, answer)
        if head:
            request.method = "HEAD"
            _empty(answer)
        return answer

    return csrf_exempt(login_not_required(answered))


def _tagged(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Give what has no entity tag the one of its content, and 304 to whoever has it."""
    if "ETag" in answer.headers:
        return answer
    answer.headers["ETag"] = answers.tag_of(answer.content)
    return answers.not_modified(request, answer.headers["ETag"]) or answer


def _empty(answer: HttpResponseBase) -> None:
    """A HEAD tells how long the answer would be, and is none."""
    if isinstance(answer, HttpResponse):
        answer.headers["Content-Length"] = str(len(answer.content))
        answer.content = b""
    else:
        answer.close()
        answer.streaming_content = iter(())  # type: ignore[attr-defined]


def _add_headers(request: HttpRequest, answer: HttpResponseBase) -> None:
    if hasattr(request, "spent"):
        _add_limits(request, answer)
    if errors.like_github(request):
        answer.headers["X-GitHub-Request-Id"] = _request_id()
        answer.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        answer.headers["X-GitHub-Api-Version-Selected"] = versions.selected(request)


def _add_limits(request: HttpRequest, answer: HttpResponseBase) -> None:
    spent = (auth.give_back(request) if answer.status_code == 304 else None) or request.spent  # type: ignore[attr-defined]
    limits = {"Limit": spent.most, "Remaining": spent.remaining, "Used": min(spent.used, spent.most)}
    for name, value in {**limits, "Reset": spent.reset}.items():
        answer.headers[f"X-RateLimit-{name}"] = str(value)
    answer.headers["X-RateLimit-Resource"] = "core"
    answer.headers["X-OAuth-Scopes"] = ", ".join(auth.access_tokens.scopes_now(request.token))  # type: ignore[attr-defined]


def _request_id() -> str:
    """A new id, as GitHub writes them."""
    return ":".join(secrets.token_hex(size).upper() for size in (2, 3, 4, 4, 4))
