"""GraphQL of the pretend GHEC: placeholder until the next commit."""

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox.answers import error


async def graphql(request: Request) -> Response:
    return error(404)
