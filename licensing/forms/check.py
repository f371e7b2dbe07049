"""The form that takes addresses to check."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghconnect.templatetags.ghconnect_ui import number
from licensing import address_list


class CheckForm(forms.Form):
    """One address, or a pasted list."""

    addresses = forms.CharField(
        label=gettext_lazy("Email addresses"),
        max_length=1_000_000,
        help_text=gettext_lazy(
            "One, or a list: pasted from a sheet, a mail or a file. Nothing of it is kept."
        ),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "off"}),
    )

    def clean_addresses(self) -> list[str]:
        """Read the addresses out of the text."""
        found = address_list.split(self.cleaned_data["addresses"])
        if not found:
            raise ValidationError(_("There is no email address in this text."))
        if len(found) > address_list.MOST:
            most = {"n": number(len(found)), "most": number(address_list.MOST)}
            raise ValidationError(_("These are {n} addresses; at most {most} at once.").format(**most))
        return found

    def found(self) -> list[str]:
        """Return the addresses."""
        addresses: list[str] = self.cleaned_data["addresses"]
        return addresses
