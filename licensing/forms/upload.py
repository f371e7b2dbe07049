"""The form that takes a server's file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghconnect import clock
from ghconnect.models import Enterprise, Server
from licensing.uploads import too_large


class ServerChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for checkers alone
    """A server by its host name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.host)


class UploadForm(forms.Form):
    """Server and time stand before the file, so that both are known when the first byte arrives."""

    server = ServerChoice(
        queryset=Server.objects.none(), to_field_name="host", label=gettext_lazy("Server"), empty_label=None
    )
    observed_at = forms.DateTimeField(
        required=False,
        label=gettext_lazy("Made on the server at"),
        help_text=gettext_lazy(
            "In your time zone. A file older than the data here is refused; without a time its age is unknown."
        ),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "Choose it, or drop it here: all_users.csv, the output of ghe-user-csv, or the JSON of this console; "
            "gzip is fine."
        ),
        max_length=None,
    )

    def __init__(self, enterprise: Enterprise, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.enterprise = enterprise
        choice = self.fields["server"]
        assert isinstance(choice, ServerChoice)
        choice.queryset = Server.objects.filter(enterprise=enterprise).order_by("host")

    def clean_observed_at(self) -> datetime | None:
        """A file is not made tomorrow."""
        when: datetime | None = self.cleaned_data["observed_at"]
        if when is not None and when > clock.now(self.enterprise):
            raise ValidationError(_("This time is still to come."))
        return when

    def clean_file(self) -> Any:
        """Refuse what is larger than an operator allows, before it is read."""
        file, limit = self.cleaned_data["file"], settings.GHCONNECT_UPLOAD_MAX_BYTES
        if file.size > limit:
            raise ValidationError(too_large(limit), code="too_large")
        return file
