"""Let the server send its file: its tokens, and what is pasted on the server."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ghconnect.access import PlacedRequest, owner
from ghconnect.models import AccessToken
from ghconnect.usecases import access_tokens
from ghconnect.views.here import deed_of, server_of
from licensing import push_script
from licensing.forms.push import PushTokenForm
from licensing.questions import push_tokens_url, revoke_push_token

NAME = "push"


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def push(request: PlacedRequest) -> HttpResponseBase:
    """Show the steps; make a token or replace one, and show its text this once."""
    if request.method != "POST":
        return _page(request, PushTokenForm())
    deed = deed_of(request, {"create": _create, "rotate": _rotate})
    return deed(request) if deed else HttpResponseBadRequest()


def _create(request: PlacedRequest) -> HttpResponseBase:
    form = PushTokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    server = server_of(request)
    token, text = access_tokens.create(
        enterprise=request.place.enterprise,
        server=server,
        name=NAME,
        scopes=[AccessToken.Scope.WRITE_USAGE],
        days=form.cleaned_data["days"],
        by=request.user,
    )
    return _page(request, PushTokenForm(), made=token, text=text)


def _rotate(request: PlacedRequest) -> HttpResponseBase:
    token = _token(request, request.POST.get("token", ""))
    try:
        made, text = access_tokens.rotate(token=token, by=request.user)
    except access_tokens.NotUsable:
        messages.error(request, _("This token is no longer valid. Make another one."))
        return redirect("server_push", request.place.enterprise.slug, server_of(request).host)
    return _page(request, PushTokenForm(), made=made, text=text, replaced=token)


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: PlacedRequest, pk: int) -> HttpResponseBase:
    """Ask, then revoke a token."""
    server, token = server_of(request), _token(request, str(pk))
    if request.method != "POST":
        return revoke_push_token(server, token).page(request)
    access_tokens.revoke(token=token, by=request.user)
    messages.success(request, _("{token}… is revoked.").format(token=token.shown))
    return redirect(push_tokens_url(server))


@owner
@require_safe
def script(request: PlacedRequest) -> HttpResponseBase:
    """Give the script as a file."""
    answer = HttpResponse(_script(request), content_type="text/x-shellscript; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{push_script.NAME}"'
    return answer


def _token(request: PlacedRequest, pk: str) -> AccessToken:
    """One of this server's own tokens; 404 for any other."""
    own = AccessToken.objects.filter(server=server_of(request))
    return get_object_or_404(own, pk=pk if pk.isdecimal() and len(pk) < 19 else 0)


def _script(request: PlacedRequest) -> str:
    return push_script.script(console=request.build_absolute_uri("/"), host=server_of(request).host)


def _page(
    request: PlacedRequest,
    form: PushTokenForm,
    made: AccessToken | None = None,
    text: str = "",
    replaced: AccessToken | None = None,
) -> HttpResponseBase:
    server = server_of(request)
    context = {
        "form": form,
        "made": made,
        "text": text,
        "replaced": replaced,
        "has_token": AccessToken.objects.filter(server=server).usable().exists(),
        "script": _script(request),
        "script_name": push_script.NAME,
        "cron": push_script.cron(server.host),
        "back": push_tokens_url(server),
    }
    return render(request, "licensing/push.html", context)
