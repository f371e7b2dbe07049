"""Forms of sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LABELS = {
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password, again"),
}


class Plain(forms.Form):
    """Fields named as elsewhere in this console; labels say what to type, so there are no placeholders."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)


class ChangePasswordForm(Plain, account.ChangePasswordForm):  # type: ignore[misc]  # allauth has no types
    """Sets another password for whoever knows the one there is."""


class ResetPasswordForm(Plain, account.ResetPasswordForm):  # type: ignore[misc]
    """Asks where to send the link."""


class ResetPasswordKeyForm(Plain, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """Sets a password for whoever has the link."""


class SetPasswordForm(Plain, account.SetPasswordForm):  # type: ignore[misc]
    """Sets the first password."""


class ReauthenticateForm(Plain, account.ReauthenticateForm):  # type: ignore[misc]
    """Asks for the password again."""


class SignInForm(Plain, account.LoginForm):  # type: ignore[misc]
    """Signs in by email or short name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email or short name")
        self.fields["login"].widget.attrs["autocomplete"] = "username"

    def clean(self) -> dict[str, Any]:
        """Take no password where an operator has switched them off."""
        if not settings.GHCONNECT_LOCAL_PASSWORDS:
            raise ValidationError(_("Passwords are switched off. Sign in another way."))
        return super().clean() or {}
