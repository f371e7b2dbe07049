"""Settings, Alerts: who is told of what needs somebody, and how that goes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect import tabs, wording
from ghconnect.access import PlacedRequest, owner
from ghconnect.usecases.invitations import can_mail
from ghconnect.views.here import deed_of
from licensing import receivers
from licensing.forms.alerts import AlertsForm
from licensing.usecases import alerts

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@owner
@ASKS
def page(request: PlacedRequest) -> HttpResponseBase:
    """Addresses, webhook, events and language; the state of each receiver; a test."""
    if request.method != "POST":
        return _page(request, _form(request))
    deed = deed_of(request, {"save": _save, "test": _test})
    return deed(request) if deed else HttpResponseBadRequest()


def _form(request: PlacedRequest) -> AlertsForm:
    enterprise = request.place.enterprise
    row, told = alerts.alerting(enterprise), receivers.of(enterprise)
    mails = [each.shown for each in told if each.is_mail]
    return AlertsForm(
        webhook=any(not each.is_mail for each in told),
        initial={
            "addresses": "\n".join(mails),
            "events": row.events,
            "language": row.language,
            "near_percent": row.near_percent,
        },
    )


def _page(request: PlacedRequest, form: AlertsForm) -> HttpResponseBase:
    context = {
        "side": tabs.settings_pages(request.place, request.path),
        "tab": "settings",
        "form": form,
        "receivers": receivers.of(request.place.enterprise),
        "can_mail": can_mail(),
    }
    return render(request, "licensing/alerts.html", context)


def _save(request: PlacedRequest) -> HttpResponseBase:
    form = AlertsForm(request.POST, webhook=True)
    if not form.is_valid():
        return _page(request, form)
    try:
        alerts.change(
            enterprise=request.place.enterprise,
            wish=_wish(form),
            console_url=request.build_absolute_uri("/"),
            by=request.user,
        )
    except alerts.BadValue as error:
        words = wording.problem(error.key) if error.key else _("This value cannot be kept.")
        form.add_error(error.field, words)
        return _page(request, form)
    messages.success(request, _("Alerts are saved."))
    return redirect("settings_alerts", request.place.enterprise.slug)


def _wish(form: AlertsForm) -> alerts.Wish:
    given = form.cleaned_data
    url = "" if given["webhook_remove"] else given["webhook_url"] or None
    return alerts.Wish(
        addresses=form.lines,
        webhook_url=url,
        secret=given["secret"] or None,
        events=given["events"],
        language=given["language"],
        near_percent=given["near_percent"],
    )


def _test(request: PlacedRequest) -> HttpResponseBase:
    if alerts.test(enterprise=request.place.enterprise, by=request.user):
        messages.success(
            request, _("A test alert is on its way. How it goes is shown below; load the page again.")
        )
    else:
        messages.error(request, _("Nobody is told yet. Add an address or a webhook first."))
    return redirect("settings_alerts", request.place.enterprise.slug)
