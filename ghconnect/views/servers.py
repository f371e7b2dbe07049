"""Servers: adding one, and the way to its first page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ghconnect import wording
from ghconnect.access import PlacedRequest, owner, reader
from ghconnect.forms.servers import NewServerForm
from ghconnect.models import Server
from ghconnect.usecases import servers


@reader
@require_safe
def index(request: PlacedRequest) -> HttpResponseBase:
    """Lead to the server's GitHub Connect tab."""
    assert request.place.server is not None
    return redirect("server_connect", request.place.enterprise.slug, request.place.server.host)


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PlacedRequest) -> HttpResponseBase:
    """Add a server; it is checked at once, and its settings show what each check answered."""
    form = NewServerForm(request.POST or None)
    added = _add(request, form) if form.is_valid() else None
    if added is None:
        return render(request, "ghconnect/server_new.html", {"form": form, "tab": "fleet"})
    messages.success(request, _("{host} was added.").format(host=added.host))
    where = reverse("server_settings", args=[request.place.enterprise.slug, added.host])
    return redirect(f"{where}?added=1")


def _add(request: PlacedRequest, form: NewServerForm) -> Server | None:
    try:
        return servers.add(enterprise=request.place.enterprise, **form.cleaned_data, by=request.user)
    except servers.BadHost as error:
        form.add_error("host", wording.problem(error.key, error.params))
    except servers.AlreadyAdded:
        form.add_error("host", _("This server is in this enterprise already."))
    except servers.BadToken:
        form.add_error("token", wording.problem("bad_token"))
    except servers.BadValue as error:
        form.add_error(error.field, _value_words(error.field))
    return None


def _value_words(field: str) -> str:
    return wording.problem("bad_ca") if field == "ca_bundle" else _("This value cannot be kept.")
