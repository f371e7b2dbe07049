"""Settings of an enterprise: its profile, and its account on GitHub."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect import tabs, wording
from ghconnect.access import PlacedRequest, overseer
from ghconnect.forms.enterprises import ProfileForm, ReplaceTokenForm
from ghconnect.github.errors import GitHubError
from ghconnect.usecases import checks, enterprises, tokens

from .here import deed_of

ASKS = require_http_methods(["GET", "HEAD", "POST"])


def render_page(request: PlacedRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    """Render a settings page with the left list beside it."""
    side = tabs.settings_pages(request.place, request.path)
    return render(
        request, f"ghconnect/settings/{template}.html", {"side": side, "tab": "settings", **context}
    )


@overseer
@ASKS
def profile(request: PlacedRequest) -> HttpResponseBase:
    """Name, contract, renewal, price, currency, time zone."""
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(request.place.enterprise)
    if form.is_valid() and _save(request, form):
        messages.success(request, _("The profile is saved."))
        return redirect("enterprise_settings", request.place.enterprise.slug)
    return render_page(request, "profile", {"form": form})


def _save(request: PlacedRequest, form: ProfileForm) -> bool:
    """Keep what changed; a value the use case refuses is an error on its field."""
    enterprise, by, values = request.place.enterprise, request.user, form.cleaned_data
    try:
        enterprises.rename(enterprise=enterprise, name=values["name"], by=by)
        enterprises.set_contract(
            enterprise=enterprise, contract=values["contract"], renews_on=values["renews_on"], by=by
        )
        enterprises.set_never_active(
            enterprise=enterprise,
            never_active=values["never_active"] or enterprise.never_active,
            by=by,
        )
        enterprises.set_managed_users(
            enterprise=enterprise,
            managed_users=values["managed_users"] or enterprise.managed_users,
            by=by,
        )
        enterprises.set_price(
            enterprise=enterprise, price_cents=form.price_cents, currency=values["currency"], by=by
        )
        enterprises.set_time_zone(enterprise=enterprise, time_zone=values["time_zone"], by=by)
    except enterprises.BadValue as error:
        field = "price" if error.field == "price_cents" else error.field
        form.add_error(field, _("This value cannot be kept."))
        return False
    return True


@overseer
@ASKS
def github(request: PlacedRequest) -> HttpResponseBase:
    """The account's token: kind, scopes, expiry, what each check answers; replace it, check again."""
    if request.method != "POST":
        return _github(request)
    deed = deed_of(request, {"token": _token, "check": _check})
    return deed(request) if deed else HttpResponseBadRequest()


def _github(request: PlacedRequest, **more: Any) -> HttpResponseBase:
    context = {"form": _token_form(request), "has_servers": request.place.enterprise.servers.exists(), **more}
    return render_page(request, "github", context)


def _token_form(request: PlacedRequest, data: Any = None) -> ReplaceTokenForm:
    return ReplaceTokenForm(data, organization=request.place.enterprise.is_organization)


def _token(request: PlacedRequest) -> HttpResponseBase:
    form, refused = _token_form(request, request.POST), []
    if form.is_valid():
        try:
            tokens.replace_enterprise_token(
                enterprise=request.place.enterprise, token=form.cleaned_data["token"], by=request.user
            )
        except tokens.BadToken:
            form.add_error("token", wording.problem("bad_token"))
        except tokens.TokenRefused as error:
            form.add_error("token", _("GitHub refuses this token. Nothing was changed."))
            refused = checks.stored(error.checks)
        else:
            messages.success(request, _("The token is replaced. GitHub's report is being read."))
            return redirect("settings_github", request.place.enterprise.slug)
    return _github(request, form=form, refused=refused)


def _check(request: PlacedRequest) -> HttpResponseBase:
    try:
        tokens.check_enterprise_token(enterprise=request.place.enterprise, by=request.user)
    except GitHubError as error:
        messages.error(request, wording.problem(error.key, error.params))
    else:
        messages.success(request, _("The token was checked."))
    return redirect("settings_github", request.place.enterprise.slug)
