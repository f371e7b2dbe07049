"""The document of the API, and a page that shows it; both are for everybody, and neither asks another host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from . import document
from .answers import tagged
from .site import api


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, or a field of a body."""

    name: str
    where: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: list[Parameter]
    answers: list[tuple[str, str]]
    curl: str
    example: str


@login_not_required
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Give the document (OpenAPI 3.1)."""
    servers = [{"url": request.build_absolute_uri("/").rstrip("/")}]
    return tagged(request, {**document.of(api), "servers": servers})


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters, a line for curl, and an example."""
    found, base = document.of(api), request.build_absolute_uri("/").rstrip("/")
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in document.TAGS}
    for path, operations in found["paths"].items():
        for method, told in operations.items():
            groups[told["tags"][0]].append(_operation(found, base, method.upper(), path, told))
    told_groups = [(tag["name"], _in_words(tag["description"]), groups[tag["name"]]) for tag in document.TAGS]
    words = [_in_words(paragraph) for paragraph in document.WORDS]
    return render(request, "ghconnect/api.html", {"groups": told_groups, "words": words, "base": base})


def _in_words(text: str) -> str:
    """Return what the document says in the reader's language, without its marks."""
    return gettext(text).replace("`", "") if text else ""


def _operation(found: dict[str, Any], base: str, method: str, path: str, told: dict[str, Any]) -> Operation:
    body = _body(found, told)
    parameters = [
        _parameter(each["name"], each["in"], each["schema"], each) for each in told.get("parameters", [])
    ]
    fields = body.get("properties", {})
    parameters += [
        _parameter(name, "body", schema, {"required": name in body.get("required", ())})
        for name, schema in fields.items()
    ]
    example = _example(told)
    return Operation(
        id=told["operationId"],
        method=method,
        path=path,
        summary=document.first_clause(_in_words(told["description"])),
        words=_in_words(told["description"]),
        parameters=parameters,
        answers=[
            (str(status), answer.get("description", "")) for status, answer in told["responses"].items()
        ],
        curl=_curl(method, base + path, told, example_of=body),
        example=json.dumps(example, ensure_ascii=False, indent=2) if example is not None else "",
    )


def _parameter(name: str, where: str, schema: dict[str, Any], told: dict[str, Any]) -> Parameter:
    kind = schema.get("type", "") or " | ".join(map(str, schema.get("enum", ())))
    if "enum" in schema:
        kind = " | ".join(filter(None, map(str, schema["enum"])))
    words = told.get("description", "") or schema.get("description", "")
    return Parameter(name, where, kind, bool(told.get("required")), _in_words(words))


def _body(found: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The schema of a JSON body, where the operation takes one."""
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    body: dict[str, Any] = found["components"]["schemas"].get(name, {})
    return body


def _example(told: dict[str, Any]) -> Any:
    for answer in told["responses"].values():
        for content in answer.get("content", {}).values():
            if "example" in content:
                return content["example"]
    return None


def _curl(method: str, url: str, told: dict[str, Any], *, example_of: dict[str, Any]) -> str:
    line = ["curl", '-H "Authorization: Bearer $GHCONNECT_TOKEN"']
    if method != "GET":
        line.append(f"-X {method}")
    examples = example_of.get("examples")
    if examples:
        line += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(examples[0])}'"]
    elif "requestBody" in told:
        line.append("--data-binary @all_users.csv")
    return " ".join([*line, f"'{url}'"])
