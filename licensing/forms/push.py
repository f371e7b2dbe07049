"""The form that makes a push token."""

from __future__ import annotations

from django import forms

from ghconnect.forms.tokens import LifetimeField


class PushTokenForm(forms.Form):
    """How long the token shall be good."""

    days = LifetimeField()
