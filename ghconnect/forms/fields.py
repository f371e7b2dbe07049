"""Fields that several forms share."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _


class TokenField(forms.CharField):
    """A token: never shown again, not by the browser either."""

    def __init__(self, **given: Any) -> None:
        widget = forms.PasswordInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "class": "monospace"}
        )
        super().__init__(**{"label": _("Token"), "max_length": 300, "widget": widget, **given})


class HostField(forms.CharField):
    """A host name, as people type it; the use case reads it."""

    def __init__(self, **given: Any) -> None:
        widget = forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        )
        super().__init__(**{"label": _("Host name"), "max_length": 300, "widget": widget, **given})


class CertificateField(forms.CharField):
    """Certificates of authorities, in PEM form."""

    def __init__(self, **given: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "monospace"})
        words = _(
            "For a server whose certificate is signed by your own authority: paste the authority's certificate. "
            "It begins with -----BEGIN CERTIFICATE-----."
        )
        given = {"label": _("CA certificate"), "help_text": words, "widget": widget, **given}
        super().__init__(required=False, max_length=200_000, **given)


def zones(*, empty: str | None = None) -> list[tuple[str, str]]:
    """Choices of time zones by their names; `empty` is the words for none."""
    named = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    first = [] if empty is None else [("", empty)]
    return [*first, ("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named)]


class ZoneField(forms.ChoiceField):
    """A time zone; the choices are read when the form is made, since machines differ."""

    def __init__(self, *, empty: Any = None, **given: Any) -> None:
        def choices() -> list[tuple[str, str]]:
            return zones(empty=None if empty is None else str(empty))

        super().__init__(**{"label": _("Time zone"), "choices": choices, **given})
