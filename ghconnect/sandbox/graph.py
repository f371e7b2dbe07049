"""GraphQL of the pretend GHEC: `POST /graphql` over a part of the published schema (reference §8)."""

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox import nodes, relay
from ghconnect.sandbox.answers import answer, error
from ghconnect.sandbox.fleet import API_HOST
from ghconnect.sandbox.tokens import caller

SCHEMA = Path(__file__).with_name("schema.graphql")


@cache
def schema() -> GraphQLSchema:
    """The schema, read once."""
    return build_schema(SCHEMA.read_text())


async def graphql(request: Request) -> Response:
    """Answer a query; what is wrong in it stands in `errors`, with status 200."""
    try:
        asked = json.loads(await request.body())
    except ValueError:
        return error(400, "Problems parsing JSON")
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return error(400, "Body should be a JSON object")
    return await run_in_threadpool(_answer, request, asked)


def _answer(request: Request, asked: dict[str, Any]) -> Response:
    with request.state.world.read() as db:
        who = caller(db, request, API_HOST)
        request.state.caller = who
        context = relay.Context(db, who, request.state.limit)
        result = _execute(asked, context)
    return answer(_body(result))


@lru_cache(maxsize=64)
def _checked(query: str) -> DocumentNode | list[GraphQLError]:
    """The parsed query, or what is wrong in it; clients send the same few over and over."""
    try:
        document = parse(query)
    except GraphQLError as problem:
        return [problem]
    return validate(schema(), document) or document


def _execute(asked: dict[str, Any], context: relay.Context) -> ExecutionResult:
    document = _checked(asked["query"])
    if isinstance(document, list):
        return ExecutionResult(None, document)
    variables, name = asked.get("variables") or {}, asked.get("operationName")
    return execute_sync(schema(), document, nodes.root(), context, variables, name)


def _body(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {} if result.data is None else {"data": result.data}
    if result.errors:
        body["errors"] = [_error(found) for found in result.errors]
    return body


def _error(found: GraphQLError) -> dict[str, Any]:
    """As GitHub writes it: the type stands beside the message."""
    kind = found.original_error.kind if isinstance(found.original_error, relay.Denied) else None
    shown = {
        name: value for name, value in found.formatted.items() if name in ("message", "locations", "path")
    }
    return {"type": kind, **shown} if kind else shown
