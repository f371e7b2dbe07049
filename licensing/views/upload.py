"""Add server usage: a file of a server, taken in by this console. Needs no GitHub Connect."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from ghconnect import wording
from ghconnect.access import PlacedRequest, owner
from ghconnect.models import Server
from licensing.forms.upload import UploadForm
from licensing.incoming import Incoming, IncomingFile
from licensing.models import SyncRun
from licensing.rules import fields, formats
from licensing.uploads import Problem, problem_words
from licensing.usecases import upload as deeds

from .frame import subtabs

SESSION = "upload"
FORMATS = {
    "all_users_csv": gettext_lazy("all_users.csv, the report of all users"),
    "ghe_user_csv": gettext_lazy("output of ghe-user-csv"),
    "console_json": gettext_lazy("JSON of this console"),
    "console_ndjson": gettext_lazy("JSON of this console, one account a line"),
}
FIELDS = {
    "remote_user_id": gettext_lazy("id"),
    "login": gettext_lazy("login"),
    "email": gettext_lazy("primary email"),
    "suspended": gettext_lazy("suspended"),
    "site_admin": gettext_lazy("site admin"),
    "dormant": gettext_lazy("dormant"),
    "never_active": gettext_lazy("ever active"),
    "created_at": gettext_lazy("created at"),
}


@csrf_exempt
@owner
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: PlacedRequest) -> HttpResponseBase:
    """Take the way of a body into our own hands before anything reads it; forgery is checked behind that."""
    request.upload_handlers = [Incoming(request)]
    return _upload(request)


@csrf_protect
def _upload(request: PlacedRequest) -> HttpResponseBase:
    enterprise = request.place.enterprise
    if request.method != "POST":
        form = UploadForm(enterprise, initial={"server": request.GET.get("server", "")})
        return _page(request, form, understood=_understood(request))
    form = UploadForm(enterprise, request.POST, request.FILES)
    file = request.FILES.get("file")
    if form.is_valid() and (received := _receive(request, form)):
        _remember(request, received)
        return redirect(f"{request.path}?run={received.run.pk}")
    if isinstance(file, IncomingFile) and not form.has_error("file", "too_large"):
        file.drain()
    return _page(request, form)


def _receive(request: PlacedRequest, form: UploadForm) -> deeds.Received | None:
    """Take the file in, or put what is wrong with it beside its field."""
    server: Server = form.cleaned_data["server"]
    server.enterprise = request.place.enterprise
    file: Any = form.cleaned_data["file"]
    try:
        return deeds.receive(
            server=server,
            body=file.chunks(),
            file_name=file.name,
            by=request.user,
            observed_at=form.cleaned_data["observed_at"],
        )
    except Problem as error:
        form.add_error("file", problem_words(error, file.name, server))
    return None


def _remember(request: HttpRequest, received: deeds.Received) -> None:
    """Keep what was understood for the page behind the redirect; it holds counts, nothing of people."""
    request.session[SESSION] = {
        "run": received.run.pk,
        "made": received.made,
        "format": received.format,
        "accounts": received.accounts,
        "suspended": received.suspended,
    }


def _understood(request: PlacedRequest) -> dict[str, Any] | None:
    """What was understood of the file that was just taken in."""
    kept = request.session.get(SESSION)
    if not kept or str(kept["run"]) != request.GET.get("run"):
        return None
    run = (
        SyncRun.objects.filter(enterprise=request.place.enterprise, pk=kept["run"])
        .select_related("server")
        .first()
    )
    if run is None or run.server is None:
        return None
    known = formats.FORMATS[kept["format"]].fields
    where = {"slug": request.place.enterprise.slug, "host": run.server.host, "number": run.number}
    return {
        **kept,
        "run": run,
        "url": reverse("server_sync", kwargs=where),
        "format": str(FORMATS.get(kept["format"], kept["format"])),
        "fields": wording.listed(str(FIELDS[name]) for name in fields.FIELDS if name in known),
        "link": _("License sync #{n}").format(n=run.number),
    }


def _page(
    request: PlacedRequest, form: UploadForm, understood: dict[str, Any] | None = None
) -> HttpResponseBase:
    choice: Any = form.fields["server"]
    return render(
        request,
        "licensing/upload.html",
        {
            "tab": "licensing",
            "subtabs": subtabs(request, under="licensing"),
            "form": form,
            "understood": understood,
            "has_servers": choice.queryset.exists(),
        },
    )
