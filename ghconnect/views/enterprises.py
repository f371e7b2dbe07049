"""Accounts on GitHub: the list of mine, and adding one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ghconnect import paging, summaries, wording
from ghconnect.access import PlacedRequest
from ghconnect.forms.enterprises import NewEnterpriseForm
from ghconnect.models import Enterprise
from ghconnect.records import Check
from ghconnect.usecases import checks, enterprises, hosts


@require_safe
def index(request: PlacedRequest) -> HttpResponseBase:
    """List the enterprises in which the viewer has a role."""
    page = paging.of(request, Enterprise.objects.of(request.user), "name", "id")
    known = summaries.of(page.rows)
    rows = [(enterprise, known.get(enterprise.pk)) for enterprise in page.rows]
    context = {"page": page, "rows": rows, "summarised": summaries.known()}
    return render(request, "ghconnect/enterprises.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PlacedRequest) -> HttpResponseBase:
    """Add an account on GitHub; where that fails, what each check answered."""
    form = NewEnterpriseForm(request.POST or None, operator=request.user.is_staff)
    found = _add(request, form) if form.is_valid() else []
    if isinstance(found, Enterprise):
        messages.success(request, _added(found))
        return redirect("settings_github", slug=found.slug)
    return render(request, "ghconnect/enterprise_new.html", {"form": form, "checks": checks.stored(found)})


def _add(request: PlacedRequest, form: NewEnterpriseForm) -> Enterprise | list[Check]:
    """Return the enterprise, or what the checks say where it could not be added; errors are on the form."""
    try:
        return enterprises.add(**form.cleaned_data, by=request.user)
    except enterprises.NotProven as error:
        form.add_error(None, _not_added(error, form.cleaned_data["host"]))
        return error.checks
    except enterprises.BadHost as error:
        form.add_error("host", wording.problem(error.key, error.params))
    except enterprises.BadSlug:
        form.add_error("slug", _("This is not the name of an account. It has letters, digits and hyphens."))
    except enterprises.AlreadyAdded:
        mine = Enterprise.objects.of(request.user).at_github(**_named(form)).exists()
        form.add_error("slug", _already_added(mine))
    except enterprises.BadToken:
        form.add_error("token", wording.problem("bad_token"))
    return []


def _added(found: Enterprise) -> str:
    """Say that it is here, and under which name where another account has its own."""
    if not found.account:
        return _("{slug} was added.").format(slug=found.slug)
    words = _(
        "{account} was added. Its name in this console is {slug}, since another account is called so here."
    )
    return words.format(account=found.account, slug=found.slug)


def _named(form: NewEnterpriseForm) -> dict[str, str]:
    """The account a form means, as `at_github` asks for it; its host is known by then to be one."""
    values = form.cleaned_data
    return {
        "kind": values["kind"],
        "host": hosts.of_enterprise(values["host"]),
        "name": values["slug"].strip().lower(),
    }


def _not_added(error: enterprises.NotProven, host: str) -> str:
    """Blame the token only where the way to GitHub is open."""
    if any(check.key in checks.WAY and check.ok is False for check in error.checks):
        words = _("Nothing was added: this console does not get through to {host}. The checks below say why.")
        return words.format(host=host)
    return _("Nothing was added: this token does not read the license report of that account.")


def _already_added(mine: bool) -> str:
    if mine:
        return _("You have this account here already. It is in your list of enterprises.")
    return _("This account is in this console already. Ask its owners to add you.")
