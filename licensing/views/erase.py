"""Erase a person who has left."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect.access import PlacedRequest, owner
from ghconnect.questions import Question
from licensing.models import Person
from licensing.usecases import erase


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: PlacedRequest, pk: int) -> HttpResponseBase:
    """Ask, then erase."""
    enterprise = request.place.enterprise
    found = get_object_or_404(Person, enterprise=enterprise, pk=pk)
    if request.method != "POST":
        return _question(request, found).page(request)
    try:
        erase.person(enterprise=enterprise, pk=pk, by=request.user)
    except erase.StillThere:
        messages.error(
            request,
            _(
                "This person still has an account, or GitHub's report still lists one;"
                " the next sync would bring it back."
            ),
        )
    else:
        messages.success(request, _("Addresses and names are erased; counts stay."))
    return redirect("person", slug=enterprise.slug, pk=pk)


def _question(request: PlacedRequest, found: Person) -> Question:
    where = {"slug": request.place.enterprise.slug, "pk": found.pk}
    return Question(
        id="erase",
        action=reverse("person_erase", kwargs=where),
        title=_("Erase %(name)s") % {"name": found.name or _("No name")},
        body=_(
            "Addresses and names are removed from all runs, saved views and lists; counts stay."
            " The copies kept of their reports go too; a held sync that names them is discarded."
        ),
        verb=_("Erase"),
        back=reverse("person", kwargs=where),
        danger=True,
    )
