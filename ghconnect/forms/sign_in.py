"""Forms of sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """Signs in by email or short name. Labels say what to type, so there are no placeholders."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email or short name")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        """Take no password where an operator has switched them off."""
        if not settings.GHCONNECT_LOCAL_PASSWORDS:
            raise ValidationError(_("Passwords are switched off. Sign in another way."))
        values: dict[str, Any] = super().clean()
        return values
