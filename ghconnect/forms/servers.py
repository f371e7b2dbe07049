"""Forms of a server: add one, its settings, its token, its name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ghconnect.models import Server

from .fields import CertificateField, HostField, TokenField

TOKEN_HELP = _(
    "A classic token with site_admin can change this instance. This console only reads with it. Without a token: "
    "let the server send its file. The account of the token is a licensed user itself: give it the same primary email"
    " on every server, or it costs a license on each."
)


class NewServerForm(forms.Form):
    """An instance and the way in."""

    host = HostField(help_text=_("As in the address of the instance, such as ghe.example.com."))
    way_in = forms.ChoiceField(
        label=_("Way in"), choices=Server.WayIn.choices, initial=Server.WayIn.PULL, widget=forms.RadioSelect
    )
    token = TokenField(required=False, help_text=TOKEN_HELP)
    ca_bundle = CertificateField()

    def clean(self) -> dict[str, Any]:
        """A server that is read needs a token; one that sends its file, or whose file is uploaded, needs none."""
        values = {**self.cleaned_data}
        if values.get("way_in") in (Server.WayIn.PUSH, Server.WayIn.UPLOAD):
            return {**values, "token": "", "ca_bundle": ""}
        if "token" in values and not values["token"]:
            self.add_error("token", _("Paste a token, or choose another way in."))
        return values


class ServerForm(forms.Form):
    """What owners say of a server."""

    way_in = forms.ChoiceField(label=_("Way in"), choices=Server.WayIn.choices, widget=forms.RadioSelect)
    managed_by = forms.ChoiceField(
        label=_("How accounts are managed"),
        choices=Server.ManagedBy.choices,
        required=False,
        help_text=_("Decides where an address has to be changed, and by whom."),
    )
    quiet_from = forms.TimeField(
        label=_("No weekly sync from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_to = forms.TimeField(
        label=_("until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    web_url = forms.URLField(
        label=_("Web address"),
        max_length=200,
        required=False,
        assume_scheme="https",
        help_text=_("Where “Open on the instance” leads, if not to https:// and the host name."),
    )
    ca_bundle = CertificateField()

    FIELDS = ("way_in", "managed_by", "quiet_from", "quiet_to", "web_url", "ca_bundle")

    def __init__(self, data: QueryDict | None = None, *, server: Server) -> None:
        super().__init__(data, initial={name: getattr(server, name) for name in self.FIELDS})
        self.fields["quiet_to"].help_text = _("In the enterprise's time zone, %(zone)s.") % {
            "zone": server.enterprise.time_zone
        }

    def clean(self) -> dict[str, Any]:
        """Quiet hours need both ends."""
        values = self.cleaned_data
        if (values.get("quiet_from") is None) != (values.get("quiet_to") is None):
            self.add_error("quiet_to", _("Give both hours, or neither."))
        return values


class ServerTokenForm(forms.Form):
    """Another token for the server."""

    token = TokenField(label=_("New token"), help_text=TOKEN_HELP)


class RenameForm(forms.Form):
    """The server's new host name."""

    host = HostField(
        label=_("New host name"),
        help_text=_("For an instance that was renamed. Its accounts and history stay; its token is deleted."),
    )
