"""The form that makes a token for scripts, and the words of how long a token lives."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ghconnect.models import AccessToken, Enterprise
from ghconnect.usecases.access_tokens import LIFETIMES

Scope = AccessToken.Scope
WORDS = {365: _("1 year"), 180: _("180 days"), 90: _("90 days"), 30: _("30 days")}


class LifetimeField(forms.TypedChoiceField):
    """How many days a token shall be good."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Expires after"),
            choices=[(days, WORDS[days]) for days in LIFETIMES],
            coerce=int,
            initial=LIFETIMES[0],
        )


class AccessTokenForm(forms.Form):
    """Name, scopes, lifetime; a server where it sends that server's file, and nothing else then."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What it is for, for whoever finds it later.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=lambda: [(scope.value, f"{scope.value}: {scope.label}") for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )
    host = forms.ChoiceField(
        label=_("Server"),
        required=False,
        help_text=_("For write:usage alone: the one server whose file it sends."),
    )
    days = LifetimeField()

    def __init__(self, data: QueryDict | None = None, *, enterprise: Enterprise) -> None:
        super().__init__(data)
        self.servers = {server.host: server for server in enterprise.servers.order_by("host")}
        self.fields["host"].choices = [("", _("None")), *((host, host) for host in self.servers)]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """What sends a server's file is bound to that server, and does nothing else."""
        scopes, host = self.cleaned_data.get("scopes", []), self.cleaned_data.get("host", "")
        sends = Scope.WRITE_USAGE in scopes
        if sends and (len(scopes) > 1 or not host):
            self.add_error("scopes", _("write:usage stands alone, and needs a server."))
        if host and scopes and not sends:
            self.add_error("host", _("Only write:usage is bound to a server."))
