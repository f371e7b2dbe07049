"""A person's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect.access import PlacedRequest
from ghconnect.forms.people import UserSettingsForm
from ghconnect.usecases import preferences


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: PlacedRequest) -> HttpResponseBase:
    """Name, language, zone and appearance of whoever is signed in."""
    form = UserSettingsForm(request.POST or None, user=request.user)
    if not form.is_valid():
        return render(request, "ghconnect/user_settings.html", {"form": form})
    preferences.change(by=request.user, **form.cleaned_data)
    # Said in the language just chosen.
    with translation.override(request.user.language or translation.get_language()):
        messages.success(request, _("Your settings are saved."))
    return redirect("user_settings")
