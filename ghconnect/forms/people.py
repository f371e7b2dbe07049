"""How a person wants to see the console."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ghconnect.models import User

from .fields import ZoneField


class UserSettingsForm(forms.Form):
    """Name, language, zone, appearance, and keys without a modifier."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = ZoneField(empty=_("UTC, as for everybody who has not chosen"), required=False)
    appearance = forms.ChoiceField(label=_("Appearance"), choices=User.Appearance.choices)

    shortcuts = forms.BooleanField(
        label=_("Character keys"),
        help_text=_("The key / leads to the search."),
        required=False,
    )

    FIELDS = ("name", "language", "time_zone", "appearance", "shortcuts")

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, initial={name: getattr(user, name) for name in self.FIELDS})
        # Each language is named in itself, so that whoever is lost finds it.
        languages = [("", _("As the browser asks")), *settings.LANGUAGES]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]
