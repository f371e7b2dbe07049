"""JSON answers, entity tags that are known before any row is read, and Link headers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from ghconnect.paging import Page

CONTENT_TYPE = "application/json; charset=utf-8"


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a JSON answer."""
    # The document has numbers as keys.
    text = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return HttpResponse(text, status=status, content_type=CONTENT_TYPE, headers=headers)


def tag(request: HttpRequest, *facts: object) -> str:
    """Return the entity tag of what `facts` (an edition, a time) and the address decide."""
    told = json.dumps([request.get_full_path(), *map(str, facts)])
    return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:40]}"'


def not_modified(request: HttpRequest, entity_tag: str) -> HttpResponse | None:
    """Return 304 to whoever has this already."""
    asked = request.headers.get("If-None-Match", "")
    had = {each.strip().removeprefix("W/") for each in asked.split(",")}
    if entity_tag.removeprefix("W/") not in had and asked.strip() != "*":
        return None
    return HttpResponse(status=304, headers={"ETag": entity_tag})


def links(request: HttpRequest, pages: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return the Link header: by rel what of the query differs, the rest is kept; none for no page."""
    told = [f'<{url_with(request, **changes)}>; rel="{rel}"' for rel, changes in pages.items()]
    return {"Link": ", ".join(told)} if told else {}


def url_with(request: HttpRequest, **changes: object) -> str:
    """Return the address that was asked for with some of its query changed; None leaves a part out."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    asked = f"?{query.urlencode()}" if query else ""
    return request.build_absolute_uri(f"{request.path}{asked}")


def numbered(page: int, last: int, **more: object) -> dict[str, dict[str, object]]:
    """Return the links of a numbered page, as GitHub orders them; none where everything fits one (reference §13)."""
    places = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    if last <= 1 and page == 1:
        return {}
    if page == 1:
        places = {"next": 2, "last": last}
    elif page >= last:
        places = {"prev": min(page - 1, last), "first": 1}
    return {rel: {"page": number, **more} for rel, number in places.items()}


def tagged(request: HttpRequest, body: object) -> HttpResponse:
    """Return a small answer with the entity tag of its content, or 304."""
    made = changed(body)
    return not_modified(request, made.headers["ETag"]) or made


def changed(body: object, status: int = 200) -> HttpResponse:
    """Return what something is now, with the entity tag its next change may name."""
    made = answer(body, status)
    made.headers["ETag"] = tag_of(made.content)
    return made


def tag_of(content: bytes) -> str:
    """Return the entity tag of these very bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:40]}"'


def is_as_asked(request: HttpRequest, body: object) -> bool:
    """Whether what would be told is what If-Match names (RFC 9110 §13.1.1); without that header anything is.

    A proxy that compresses marks our tags as weak, so that mark is not looked at.
    """
    asked = request.headers.get("If-Match", "").strip()
    named = {each.strip().removeprefix("W/") for each in asked.split(",")}
    return asked in ("", "*") or tag_of(answer(body).content) in named


def paged(request: HttpRequest, page: Page[Any], items: list[Any], **more: object) -> HttpResponse:
    """Return a page by cursor: `items`, and the addresses of the next and the previous page, null where none is."""

    def absolute(url: str) -> str | None:
        return request.build_absolute_uri(request.path + url) if url else None

    urls = {"next": absolute(page.next_url), "previous": absolute(page.previous_url)}
    return tagged(request, {"items": items, **urls, **more})
