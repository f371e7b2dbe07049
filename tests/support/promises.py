"""What the API's own document promises, asked by schemathesis of the application itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hypothesis
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ghconnect.api import document
from ghconnect.api.site import api
from licensing.api import site  # noqa: F401 (adds the routers)

load_all_checks()
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def asked(token: str, *, valid: Mapping[str, Any], examples: int, reading: bool = False) -> dict[str, int]:
    """Ask every operation so many times, each with made-up and with valid places; returns how many were 2xx by id.

    Fails where an answer is a 5xx, or is not what the document says. `reading` leaves out what changes something.
    """
    with one_connection():
        return _asked(token, valid, examples, reading)


@contextmanager
def one_connection() -> Iterator[None]:
    """Keep the test's connection open at the end of a request, as Django's own client does."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)


def _asked(token: str, valid: Mapping[str, Any], examples: int, reading: bool) -> dict[str, int]:
    schema = schemathesis.openapi.from_dict(document.of(api))
    schema.app = get_wsgi_application()
    good: dict[str, int] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if reading and operation.method.upper() != "GET":
            continue
        good[operation.definition.raw["operationId"]] = _operation(operation, token, valid, examples)
    return good


def _operation(operation: Any, token: str, valid: Mapping[str, Any], examples: int) -> int:
    good = 0

    def ask(case: Any, places: dict[str, Any]) -> None:
        nonlocal good
        case.path_parameters = {**(case.path_parameters or {}), **places}
        case.headers.update({"Authorization": f"Bearer {token}", "User-Agent": "schemathesis"})
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        good += response.status_code < 300

    there = {name: valid[name] for name in valid if f"{{{name}}}" in operation.path}

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def every(case: Any) -> None:
        ask(case, {})
        if there:
            ask(case, there)

    every()
    return good
