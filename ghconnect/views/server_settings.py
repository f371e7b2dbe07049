"""Server settings: token, checks, certificate, hours, names, and removing the server from this console."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect import features, wording
from ghconnect.access import PlacedRequest, overseer, owner
from ghconnect.forms.servers import RenameForm, ServerForm, ServerTokenForm
from ghconnect.models import Connection, Server
from ghconnect.usecases import checks, servers

from . import asking
from .here import deed_of, server_of

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@overseer
@ASKS
def page(request: PlacedRequest) -> HttpResponseBase:
    """All settings of a server; each form names its deed by its button."""
    if request.method != "POST":
        return _page(request)
    deed = deed_of(request, {"change": _change, "token": _token, "check": _check, "rename": _rename})
    return deed(request) if deed else HttpResponseBadRequest()


def _page(request: PlacedRequest, **forms: Any) -> HttpResponseBase:
    server = server_of(request)
    context = {
        "form": ServerForm(server=server),
        "token_form": ServerTokenForm(auto_id="token_%s"),
        "rename_form": RenameForm(auto_id="rename_%s"),
        "names": server.names.order_by("pk"),
        "connected": Connection.objects.filter(server=server).exists(),
        "added": "added" in request.GET,
        "pulled": server.way_in == Server.WayIn.PULL,
        "delete_token": asking.delete_token(server) if server.token else None,
        "remove": asking.remove_server(server),
        "panels": features.panels("server_settings", request, server),
        **forms,
    }
    return render(request, "ghconnect/server_settings.html", context)


def _change(request: PlacedRequest) -> HttpResponseBase:
    server = server_of(request)
    form = ServerForm(request.POST, server=server)
    if form.is_valid():
        try:
            servers.change(server=server, by=request.user, **form.cleaned_data)
        except servers.BadValue as error:
            words = (
                wording.problem("bad_ca") if error.field == "ca_bundle" else _("This value cannot be kept.")
            )
            form.add_error(error.field, words)
        else:
            return _done(request, server, _("The settings of {host} are saved."))
    return _page(request, form=form)


def _token(request: PlacedRequest) -> HttpResponseBase:
    server = server_of(request)
    form = ServerTokenForm(request.POST, auto_id="token_%s")
    refused: list[dict[str, Any]] = []
    if form.is_valid():
        try:
            servers.replace_token(server=server, token=form.cleaned_data["token"], by=request.user)
        except servers.BadToken:
            form.add_error("token", wording.problem("bad_token"))
        except servers.TokenRefused as error:
            form.add_error(
                "token", _("{host} refuses this token. Nothing was changed.").format(host=server.host)
            )
            refused = checks.stored(error.checks)
        else:
            return _done(request, server, _("The token of {host} is replaced."))
    return _page(request, token_form=form, refused=refused)


def _check(request: PlacedRequest) -> HttpResponseBase:
    server = servers.check(server=server_of(request), by=request.user)
    return _done(request, server, _("{host} was checked."), anchor="#checks")


def _rename(request: PlacedRequest) -> HttpResponseBase:
    server = server_of(request)
    form = RenameForm(request.POST, auto_id="rename_%s")
    if form.is_valid():
        try:
            renamed = servers.rename(server=server, host=form.cleaned_data["host"], by=request.user)
        except servers.BadHost as error:
            form.add_error("host", wording.problem(error.key, error.params))
        except servers.AlreadyAdded:
            form.add_error("host", _("This server is in this enterprise already."))
        else:
            return _done(
                request,
                renamed,
                _("The server is called {host} now. A token must be given again for this name."),
            )
    return _page(request, rename_form=form)


def _done(request: PlacedRequest, server: Server, words: str, anchor: str = "") -> HttpResponseBase:
    messages.success(request, words.format(host=server.host))
    where = redirect("server_settings", request.place.enterprise.slug, server.host)
    where.headers["Location"] += anchor
    return where


@owner
@ASKS
def token_delete(request: PlacedRequest) -> HttpResponseBase:
    """Ask, then delete the token of a server here."""
    server = server_of(request)
    if request.method != "POST":
        return asking.delete_token(server).page(request)
    servers.delete_token(server=server, by=request.user)
    return _done(request, server, _("The token of {host} is deleted here."))


@owner
@ASKS
def remove(request: PlacedRequest) -> HttpResponseBase:
    """Ask for the host's name, then remove the server from this console."""
    server = server_of(request)
    question = asking.remove_server(server)
    if request.method != "POST":
        return question.page(request)
    if not question.answered(request):
        return question.again(request, _("This is not the host name of the server. Nothing was removed."))
    host = server.host
    servers.ask_to_remove(server=server, by=request.user)
    words = _("{host} is being removed: its accounts leave the numbers in a moment.")
    messages.success(request, words.format(host=host))
    return redirect("overview", request.place.enterprise.slug)
