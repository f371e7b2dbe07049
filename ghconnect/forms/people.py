"""How a person wants to see the console."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ghconnect.models import Enterprise, User

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


class JoinForm(forms.Form):
    """Who an invited person is going to be here."""

    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    login = forms.CharField(
        label=_("Short name"),
        max_length=39,
        validators=[
            RegexValidator(
                r"^[a-zA-Z0-9](?:[a-zA-Z0-9-]*)$", _("Letters, digits and hyphens, no other signs.")
            )
        ],
        help_text=_("Shown beside what you do here. Letters, digits and hyphens."),
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        help_text=_("At least 12 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: QueryDict | None = None, *, email: str) -> None:
        super().__init__(data)
        self._email = email

    def clean(self) -> dict[str, Any]:
        """Refuse a password that Django's validators refuse, or that looks like the person."""
        values = self.cleaned_data
        person = User(email=self._email, login=values.get("login", ""), name=values.get("name", ""))
        try:
            password_validation.validate_password(values.get("password", ""), person)
        except ValidationError as error:
            self.add_error("password", error)
        return values


class FirstOwnerForm(forms.Form):
    """An owner for an enterprise, by the operator of the install."""

    enterprise = forms.ModelChoiceField(
        label=_("Enterprise account"),
        empty_label=_("Choose an account"),
        queryset=Enterprise.objects.order_by("slug"),
        to_field_name="slug",
    )
    email = forms.EmailField(label=_("Email"), max_length=254)


class FindAccountForm(forms.Form):
    """Whom an operator looks for: by the whole email, so that nobody is listed."""

    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
