"""Fields that several forms share."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
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


class LongSelect(forms.Select):
    """A list of hundreds of choices: a template for each of them would take the server most of its time."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Render all choices at once."""
        chosen = "" if value is None else str(value)
        options = (
            (key, SafeString(" selected") if str(key) == chosen else "", words) for key, words in self.choices
        )
        return format_html(
            "<select{}>{}</select>",
            flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name})),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class ZoneField(forms.ChoiceField):
    """A time zone; the choices are read when the form is made, since machines differ."""

    widget = LongSelect

    def __init__(self, *, empty: Any = None, **given: Any) -> None:
        def choices() -> list[tuple[str, str]]:
            return zones(empty=None if empty is None else str(empty))

        super().__init__(**{"label": _("Time zone"), "choices": choices, **given})
