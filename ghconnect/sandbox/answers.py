"""Answers as GitHub gives them: JSON bodies, error bodies, Link headers, entity tags (reference §13)."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

DOCS = "https://docs.github.com/rest"
MESSAGES = {400: "Bad Request", 401: "Bad credentials", 403: "Forbidden", 404: "Not Found"}
PER_PAGE, MOST_PER_PAGE = 30, 100


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, {"content-type": "application/json; charset=utf-8", **(headers or {})})


def error(status: int, message: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """`{message, documentation_url, status}`; status is a string, as GitHub writes it."""
    body = {
        "message": message or MESSAGES.get(status, "Server Error"),
        "documentation_url": DOCS,
        "status": str(status),
    }
    return answer(body, status, headers)


def tagged(request: Request, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with an ETag, or 304 when the caller has this very content."""
    response = answer(body, 200, headers)
    tag = f'W/"{hashlib.sha256(bytes(response.body)).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    response.headers["etag"] = tag
    return response


def page_of(request: Request) -> tuple[int, int]:
    """(page, per_page) of a request; nonsense is the default, more than 100 is 100."""
    page, per_page = (
        _whole(request.query_params.get(name), default) for name, default in (("page", 1), ("per_page", 30))
    )
    return page, min(per_page, MOST_PER_PAGE)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default


def link(request: Request, page: int, last: int) -> dict[str, str]:
    """The Link header of a numbered page; none when everything fits one page."""
    places = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    if page >= last:
        places = {"prev": min(page - 1, last), "first": 1} if page > 1 else {}
    elif page == 1:
        places = {"next": 2, "last": last}
    parts = [
        f'<{url_with(request, page=number)}>; rel="{rel}"' for rel, number in places.items() if number >= 1
    ]
    return {"link": ", ".join(parts)} if parts else {}


def url_with(request: Request, **changes: object) -> str:
    """The URL that was asked for, with some parameters changed and the rest kept."""
    query = {**dict(request.query_params), **{name: str(value) for name, value in changes.items()}}
    return f"https://{request.headers.get('host', '')}{request.url.path}?{urlencode(query)}"


def request_id() -> str:
    """A new `X-GitHub-Request-Id`."""
    return ":".join(secrets.token_hex(size).upper() for size in (2, 3, 4, 4, 4))


def link_since(request: Request, last_id: int) -> dict[str, str]:
    """The Link header of a list that is paged by `since`: next and first, no last."""
    first = url_with(request, since="{since}").replace("%7Bsince%7D", "{?since}")
    return {"link": f'<{url_with(request, since=last_id)}>; rel="next", <{first}>; rel="first"'}
