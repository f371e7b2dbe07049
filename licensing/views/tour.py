"""The tour, and starting the sandbox again: pages that only a pretend enterprise has."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ghconnect.access import READERS, PlacedRequest, owner, place_of
from ghconnect.models import Enterprise
from ghconnect.questions import Question
from licensing import tour
from licensing.models import SyncRun
from licensing.usecases import sandbox_again


@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show the steps to whoever has a role in a pretend enterprise; others have no tour."""
    enterprise = get_object_or_404(Enterprise.objects.of(request.user).filter(sandbox=True)[:1])
    request.place = place_of(request.user, enterprise.slug, None, READERS)
    steps = tour.steps(request.place, request.session.get(tour.VISITED, []))
    request.session[tour.LINKS] = tour.links(steps)
    done = sum(step.done for step in steps)
    return render(request, "licensing/tour.html", {"steps": steps, "done": done})


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: PlacedRequest) -> HttpResponseBase:
    """Ask, then let a worker load the pretend enterprise anew."""
    enterprise = request.place.enterprise
    if not enterprise.sandbox or not settings.GHCONNECT_SANDBOX_URL:
        raise Http404
    if request.method != "POST":
        return _question(enterprise).page(request)
    sandbox_again.request(enterprise=enterprise, by=request.user)
    for name in (tour.VISITED, tour.LINKS):
        request.session.pop(name, None)
    return redirect("sandbox_progress")


def _question(enterprise: Enterprise) -> Question:
    words = _(
        "Pretend GitHub goes back to its first day, and {slug} is removed here and read anew. What was changed in"
        " either is lost. It takes about half a minute. Your own enterprises are not touched."
    )
    return Question(
        id="start-again",
        action=reverse("start_again", kwargs={"slug": enterprise.slug}),
        title=_("Start again"),
        body=words.format(slug=enterprise.slug),
        verb=_("Start again"),
        back=reverse("tour"),
        danger=True,
    )


@require_safe
def progress(request: PlacedRequest) -> HttpResponseBase:
    """Show how far the loading is, until it is over; the page asks again by itself."""
    if not settings.GHCONNECT_SANDBOX_URL:
        raise Http404
    enterprise = Enterprise.objects.filter(sandbox=True).order_by("-pk").first()
    if enterprise is not None and not sandbox_again.under_way(enterprise):
        mine = Enterprise.objects.of(request.user).filter(pk=enterprise.pk).exists()
        return _leave(request, reverse("tour" if mine else "home"))
    return render(request, "licensing/start_again.html", _shown(enterprise))


def _leave(request: PlacedRequest, url: str) -> HttpResponseBase:
    """Lead the whole page away, also when only its moving part asks."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


STEPS = ("waiting", "removing", "connecting", "reading")


def _shown(enterprise: Enterprise | None) -> dict[str, Any]:
    at, detail = _where(enterprise)
    words = {
        "waiting": _("Wait for a worker"),
        "removing": _("Remove what was here, and begin pretend GitHub anew"),
        "connecting": _("Connect its servers"),
        "reading": _("Read them as it was done in the days before today"),
    }
    done = STEPS.index(at)
    states = ["done"] * done + ["current"] + ["todo"] * (len(STEPS) - done - 1)
    steps = [
        {"label": words[key], "state": state, "detail": detail if key == at else ""}
        for key, state in zip(STEPS, states, strict=True)
    ]
    return {"steps": steps, "done": done, "words": words[at], "detail": detail, "every": 2}


def _where(enterprise: Enterprise | None) -> tuple[str, str]:
    """Which step it is at, and how much of it is done."""
    if enterprise is None:
        return "removing", ""
    if enterprise.clock_offset == sandbox_again.MARK:
        return "waiting", ""
    ended = SyncRun.objects.filter(enterprise=enterprise, server__isnull=False).exclude(
        state__in=SyncRun.OPEN
    )
    runs, servers = ended.count(), enterprise.servers.count()
    if not runs:
        return "connecting", _("{n} servers").format(n=servers)
    return "reading", _("{n} syncs").format(n=runs)
