"""Every door for scripts, in one API and one document."""

import json
from pathlib import Path

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from ninja import Router

from ghconnect.api import console, document, github_account, members
from ghconnect.api import v3 as ghconnect_v3
from ghconnect.api.shapes import CONFLICTS, Problem
from ghconnect.api.site import api, patterns

from . import (
    as_of,
    cloud,
    exports,
    numbers,
    people,
    reports,
    saved,
    servers,
    settings,
    syncs,
    twice,
    usage,
    v3,
)

V1 = "/console/v1"
push = Router(tags=["console"])


@push.post(
    "/servers/{host}/usage",
    response={
        202: usage.Received,
        200: usage.Received,
        **dict.fromkeys((411, 413, 415, 503), Problem),
        **CONFLICTS,
    },
    openapi_extra=usage.DOCUMENT,
    summary="A server sends its file",
)
def usage_push(request: HttpRequest, host: str) -> HttpResponseBase:
    """Take a file in while it arrives: `all_users.csv`, `ghe-user-csv`, or our JSON, as it is or gzip.

    202 with the run that will publish it; 200 when the same content is on its way already. `X-Observed-At` says of
    when the file is. Scope write:usage, of a token bound to this server.
    """
    return usage.usage(request, host=host)


api.add_router("/v3", ghconnect_v3.router)
api.add_router("/v3", v3.router)
document.EXAMPLES.update(json.loads((Path(__file__).parent / "examples.json").read_text()))
for router in (
    numbers.router,
    console.router,
    syncs.router,
    people.router,
    settings.router,
    reports.router,
    as_of.router,
    exports.router,
    twice.router,
    cloud.router,
    servers.router,
    saved.router,
    members.router,
    github_account.router,
    push,
):
    api.add_router(V1, router)

urlpatterns: list[URLPattern] = patterns(api)
