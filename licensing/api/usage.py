"""`POST /api/console/v1/servers/{host}/usage`: a server sends its file (DESIGN §6, ENGINEERING §13–16)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.message import Message

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError
from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import parse_http_date_safe
from django.utils.translation import gettext as _
from ninja import Schema

from ghconnect import clock
from ghconnect.api.door import APIRequest, door
from ghconnect.api.problems import not_found, problem
from ghconnect.limits import Limit
from ghconnect.models import AccessToken, Server
from licensing.rules.bad_file import TRUNCATED, BadFile
from licensing.uploads import Problem, problem_words, too_large
from licensing.usecases import push, runs, upload

from .bodies import Body, NoLength

log = logging.getLogger(__name__)
PUSHES = Limit("push", most=60, seconds=3600)
# A server's clock may be a little ahead of ours.
SKEW = timedelta(minutes=5)
ENCODINGS = {"", "identity", "gzip", "x-gzip"}
STATUS = {upload.OlderFile: 409, upload.TooLarge: 413}
REASON = {
    upload.OlderFile: "older_file",
    upload.TooLarge: "too_large",
    upload.OtherServer: "other_file",
    upload.EncryptedExport: "encrypted_export",
}


class Received(Schema):
    """What became of a file; `url` is the page of its run."""

    run: int
    state: str
    url: str
    format: str
    accounts: int
    suspended: int
    sha256: str


# What of this door no signature tells.
DOCUMENT = {
    "security": [{"Token": []}],
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
}


class BadTime(Exception):
    """A header that says of when the file is cannot be read, or names a time to come."""

    def __init__(self, header: str) -> None:
        super().__init__(header)
        self.header = header


@door("POST", scope=AccessToken.Scope.WRITE_USAGE, limit=PUSHES)
def usage(request: APIRequest, host: str) -> HttpResponseBase:
    """Take a file in while it arrives, and answer 202 with its run; 200 when the same content is on its way."""
    server = request.token.server
    assert server is not None  # the scope is never without one
    refused = _unfit(request)
    if refused is not None:
        return refused
    try:
        body = Body(request)
    except NoLength:
        return problem(411, "no_length", _("Send the length of the body, or send it in chunks."))
    answer = _receive(request, server, body)
    if answer.status_code >= 400:
        body.drain()
    return answer


def _unfit(request: WSGIRequest) -> HttpResponseBase | None:
    """Refuse by its head what is not worth reading."""
    if request.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
        words = _("The body may come as it is, or compressed with gzip.")
        return problem(415, "content_encoding", words, headers={"Accept-Encoding": "gzip, identity"})
    if request.content_type == "multipart/form-data":
        return problem(415, "content_type", _("Send the file itself as the body, not a form that holds it."))
    length, limit = request.headers.get("Content-Length", ""), settings.GHCONNECT_UPLOAD_MAX_BYTES
    if length.isascii() and length.isdigit() and int(length) > limit:
        return problem(413, "too_large", too_large(limit), more={"limit": limit})
    return None


def _receive(request: WSGIRequest, server: Server, body: Body) -> HttpResponseBase:
    name = _file_name(request)
    try:
        received = push.receive(
            server=server, body=body.pieces(), file_name=name, observed_at=_observed_at(request, server)
        )
    except BadTime as error:
        words = _("{header} is not a time that has passed, such as 2026-11-24T06:00:00Z.")
        return problem(400, "bad_time", words.format(header=error.header), more={"header": error.header})
    except runs.GateClosed as closed:
        return problem(409, closed.reason, _gate_words(closed.reason, server))
    except Problem as error:
        return _refusal(error, name, server)
    except Server.DoesNotExist:
        return not_found()
    except OperationalError:
        log.exception("usage of %s", server)
        words = _("The console's database is busy. Nothing was changed. Send it again.")
        return problem(503, "busy", words, headers={"Retry-After": "30"})
    return _received(request, server, received)


def _received(request: WSGIRequest, server: Server, received: upload.Received) -> HttpResponseBase:
    where = {"slug": server.enterprise.slug, "host": server.host, "number": received.run.number}
    url = request.build_absolute_uri(reverse("server_sync", kwargs=where))
    body = {
        "run": received.run.number,
        "state": received.run.state,
        "url": url,
        "format": received.format,
        "accounts": received.accounts,
        "suspended": received.suspended,
        "sha256": received.run.sha256,
    }
    return JsonResponse(body, status=202 if received.made else 200, headers={"Location": url})


def _refusal(error: Exception, name: str, server: Server) -> HttpResponseBase:
    """Say what is wrong with the file, where; a file that was cut off on its way is no fault of its content."""
    words = problem_words(error, name or _("the file"), server)
    if isinstance(error, BadFile):
        where: dict[str, object] = {"problem": error.problem, "line": error.line, "column": error.column}
        known = {key: value for key, value in where.items() if value}
        return problem(400 if error.key == TRUNCATED else 422, error.key, words, more=known)
    return problem(STATUS.get(type(error), 422), REASON[type(error)], words)


def _gate_words(reason: str, server: Server) -> str:
    if reason == "connect_off":
        words = _("GitHub Connect is not enabled for {host} in this console. Nothing was changed.")
    else:
        words = _("License sync is Disabled for {host} in this console. Nothing was changed.")
    return words.format(host=server.host)


def _observed_at(request: WSGIRequest, server: Server) -> datetime | None:
    """Of when the file is: `X-Observed-At`, else `Last-Modified` as the report had it. Raises BadTime."""
    header = next((name for name in ("X-Observed-At", "Last-Modified") if request.headers.get(name)), "")
    if not header:
        return None
    when, now = _moment(request.headers[header].strip()), clock.now(server.enterprise)
    if when is None or when > now + SKEW:
        raise BadTime(header)
    return min(when, now)


def _moment(text: str) -> datetime | None:
    """A time as HTTP writes it, or in ISO 8601; UTC where no zone is given."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    if found is None:
        seconds = parse_http_date_safe(text)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return found if timezone.is_aware(found) else found.replace(tzinfo=UTC)


def _file_name(request: WSGIRequest) -> str:
    """The name a client gave the file, which tells a list of some users from one of all."""
    head = Message()
    head["Content-Disposition"] = request.headers.get("Content-Disposition", "")
    return (head.get_filename() or "").replace("\\", "/").rpartition("/")[2].replace("\0", "")[:200]
