"""Lists as files for scripts: streamed at once, or written by a worker and kept for a while."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect import clock, paging
from ghconnect.api.answers import answer, paged, tagged
from ghconnect.api.auth import refuse
from ghconnect.api.console import ADMIN, READ, enterprise_of
from ghconnect.api.shapes import CONFLICTS, PROBLEMS, Cursor, Paged, Problem, Size
from ghconnect.models import Enterprise
from licensing import export_files, license_records
from licensing.license_records import iso
from licensing.models import ExportJob
from licensing.usecases import export_jobs

from .people import Typed, View, query_of, view_of

router = Router(tags=["console"])
LARGEST = 2**31 - 1
KINDS = ["text/csv", "application/json", export_files.CONTENT_TYPES["xlsx"]]


class Wish(Schema):
    """What shall be in the file.

    `view` and `q` are of consumed-licenses alone, `as_of` of as-of. A renewal is a zip; as-of is csv or json.
    """

    list: Literal["consumed-licenses", "as-of", "renewal"] = "consumed-licenses"
    format: Literal["csv", "json", "xlsx", "zip"] = "csv"
    view: Literal["github", "expected", ""] = ""
    q: str = Field("", max_length=500)
    as_of: date | None = None
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"list": "consumed-licenses", "format": "xlsx", "q": "org:octo-ml"}]}
    )


class Export(Schema):
    """A file that was asked for; `url` is where it is once it is done, until `expires_at`."""

    number: int
    list: str
    format: str
    view: str
    q: str
    as_of: str | None
    state: Literal["queued", "running", "done", "failed"]
    requested_at: str
    requested_by: str
    finished_at: str | None
    expires_at: str
    name: str | None
    bytes: int
    sha256: str | None
    url: str | None


class Exports(Paged):
    """Files, newest first."""

    items: list[Export]


@router.get(
    "/exports/consumed-licenses.{ending}",
    auth=READ,
    response={200: None, **PROBLEMS},
    openapi_extra={"x-content": KINDS},
)
def export_licenses(
    request: HttpRequest, ending: Literal["csv", "json", "xlsx"], view: View = "", q: Typed = ""
) -> StreamingHttpResponse:
    """Stream the whole list as the page's export does: of one moment, in constant memory. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    export = license_records.Export(enterprise, view_of(enterprise, view), query_of(q), q)
    return _file(
        export.file_name(ending, clock.now(enterprise)), ending, export_files.LICENSES[ending](export)
    )


@router.get("/exports", auth=READ, response={200: Exports, **PROBLEMS})
def exports_list(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List the files that were asked for and are kept, newest first. Scope read:enterprise."""
    page = paging.of(request, _of(enterprise_of(request)), "-number", size=limit)
    return paged(request, page, [_export(request, job) for job in page.rows])


@router.post("/exports", auth=READ, response={202: Export, **CONFLICTS})
def export_start(request: HttpRequest, body: Wish) -> HttpResponse:
    """Let a worker write a list into a file: 202, watch it at Location, then fetch its `url`.

    Any list may be as large as it likes; nothing waits for it. Scope read:enterprise.
    """
    enterprise = enterprise_of(request)
    if body.format not in export_files.FORMS[body.list]:
        words = _("{list} is written as {formats}.")
        known = ", ".join(export_files.FORMS[body.list])
        raise refuse(422, "format", words.format(list=body.list, formats=known))
    try:
        job = export_jobs.request(enterprise=enterprise, wish=_wish(enterprise, body), by=None)
    except export_jobs.TooMany:
        raise refuse(409, "too_many_exports", _("Other files are being written. Wait for one.")) from None
    made = answer(_export(request, job), 202)
    made.headers["Location"] = _url(request, "export_state", job)
    made.headers["Retry-After"] = "2"
    return made


@router.get(
    "/exports/{int:number}/file",
    auth=READ,
    response={200: None, 410: Problem, **CONFLICTS},
    openapi_extra={"x-content": [*KINDS, "application/zip"]},
)
def export_file(request: HttpRequest, number: int) -> StreamingHttpResponse:
    """Fetch a file that is done; 409 while it is not, 410 when its time is over. Scope read:enterprise."""
    job = _find(request, number)
    if job.state != ExportJob.State.DONE:
        raise refuse(409, job.state, _("This file is not written."))
    if _expires(job) < timezone.now():
        raise refuse(410, "expired", _("This file is kept no longer."))
    made = _file(job.name, job.form, export_jobs.pieces(job))
    made.headers["Content-Length"] = str(job.bytes)
    return made


@router.get("/exports/{int:number}", auth=READ, response={200: Export, **PROBLEMS})
def export_state(request: HttpRequest, number: int) -> HttpResponse:
    """Watch a file being written. Scope read:enterprise."""
    return tagged(request, _export(request, _find(request, number)))


@router.delete("/exports/{int:number}", auth=ADMIN, response={204: None, **PROBLEMS})
def export_delete(request: HttpRequest, number: int) -> HttpResponse:
    """Forget a file before its time. Scope admin:connect."""
    export_jobs.delete(job=_find(request, number), by=None)
    return HttpResponse(status=204)


def _wish(enterprise: Enterprise, body: Wish) -> export_jobs.Wish:
    if body.list != "consumed-licenses":
        return export_jobs.Wish(body.list, body.format, as_of=body.as_of)
    query_of(body.q)
    typed = body.q.replace("\0", "")
    return export_jobs.Wish(body.list, body.format, view=view_of(enterprise, body.view), query=typed)


def _file(name: str, ending: str, pieces: export_files.Pieces) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=export_files.CONTENT_TYPES[ending], headers=headers)


def _of(enterprise: Enterprise) -> Any:
    return ExportJob.objects.filter(enterprise=enterprise).select_related("enterprise")


def _find(request: HttpRequest, number: int) -> ExportJob:
    job: ExportJob | None = _of(enterprise_of(request)).filter(number=min(number, LARGEST)).first()
    if job is None:
        raise Http404
    return job


def _url(request: HttpRequest, name: str, job: ExportJob) -> str:
    return request.build_absolute_uri(reverse(f"api_{name}", kwargs={"number": job.number}))


def _expires(job: ExportJob) -> Any:
    return job.requested_at + timedelta(days=settings.GHCONNECT_KEEP_EXPORTS_DAYS)


def _export(request: HttpRequest, job: ExportJob) -> dict[str, Any]:
    done = job.state == ExportJob.State.DONE
    return {
        "number": job.number,
        "list": job.list,
        "format": job.form,
        "view": job.view,
        "q": job.query,
        "as_of": job.as_of.isoformat() if job.as_of else None,
        "state": job.state,
        "requested_at": iso(job.requested_at),
        "requested_by": job.requested_by_login,
        "finished_at": iso(job.finished_at) or None,
        "expires_at": iso(_expires(job)),
        "name": job.name if done else None,
        "bytes": job.bytes,
        "sha256": job.sha256 if done else None,
        "url": _url(request, "export_file", job) if done else None,
    }
