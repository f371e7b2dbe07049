"""The form that makes a push token."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from ghconnect.usecases.access_tokens import LIFETIMES

WORDS = {
    365: gettext_lazy("1 year"),
    180: gettext_lazy("180 days"),
    90: gettext_lazy("90 days"),
    30: gettext_lazy("30 days"),
}


class PushTokenForm(forms.Form):
    """How long the token shall be good."""

    days = forms.TypedChoiceField(
        label=gettext_lazy("Expires after"),
        choices=[(days, WORDS[days]) for days in LIFETIMES],
        coerce=int,
        initial=LIFETIMES[0],
    )
