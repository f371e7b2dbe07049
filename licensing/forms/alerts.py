"""How owners want to be told of what needs somebody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from licensing.rules.alerts import EVENTS

WORDS = {
    "attention.opened": _("Something needs attention"),
    "attention.cleared": _("It no longer does"),
    "license_sync.completed": _("A sync completed"),
    "license_sync.failed": _("A sync failed"),
    "license_sync.held": _("A sync is held"),
    "license.consumed": _("More people consume a license"),
    "license.released": _("Licenses were released"),
    "limit.near": _("The limit is near"),
}


class AlertsForm(forms.Form):
    """Addresses, the webhook, its events, language and limit; what is sealed is never shown, blank keeps it."""

    addresses = forms.CharField(
        label=_("Email addresses"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_(
            "One on a line. They get a mail when something needs attention and when it no longer does, and no"
            " reminders."
        ),
    )
    webhook_url = forms.CharField(
        label=_("Webhook"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "The address Slack, Teams or your own program gave you, with https://. It is sealed and never shown"
            " again; leave it empty to keep it."
        ),
    )
    webhook_remove = forms.BooleanField(label=_("Remove the webhook"), required=False)
    secret = forms.CharField(
        label=_("Secret"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "Signs what is sent as GitHub signs its webhooks (X-Hub-Signature-256). Sealed and never shown again;"
            " leave it empty to keep it."
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("What the webhook is told"),
        required=False,
        choices=[(event, WORDS[event]) for event in EVENTS],
        widget=forms.CheckboxSelectMultiple,
    )
    language = forms.ChoiceField(label=_("Language of alerts"), choices=settings.LANGUAGES)
    near_percent = forms.IntegerField(
        label=_("Close to the limit from"),
        min_value=1,
        max_value=100,
        help_text=_("Percent of the purchased licenses consumed."),
    )

    def __init__(self, *args: Any, webhook: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not webhook:
            del self.fields["webhook_remove"]

    @property
    def lines(self) -> list[str]:
        """The addresses, one by one."""
        return [line.strip() for line in self.cleaned_data["addresses"].splitlines() if line.strip()]
