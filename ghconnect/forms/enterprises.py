"""Forms of an enterprise: add one, its profile, its token, its people."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ghconnect.models import Enterprise, Role

from .fields import HostField, TokenField, ZoneField

TOKEN_HELP = _(
    "A classic token of an enterprise owner with the scope read:enterprise. GitHub may not accept other kinds for "
    "this report; we check at once."
)
ORGANIZATION_TOKEN_HELP = _(
    "A classic token of an organization owner with the scopes admin:org and repo: repo tells which collaborators work"
    " in private repositories."
)
# An address of an account: of an enterprise, of an organization as its settings have it, or as its profile has it.
ADDRESS = re.compile(
    r"(?:https?://)?([\w.-]+\.[\w-]+)/(?:(enterprises|orgs|organizations)/)?([\w-]+)(?:/.*)?"
)


class NewEnterpriseForm(forms.Form):
    """An account on GitHub and one token. Only an operator may leave the token out."""

    slug = forms.CharField(
        label=_("Account"),
        max_length=200,  # of an address; the name itself is shorter
        help_text=_(
            "Its name, or its address: github.com/enterprises/NAME, or github.com/NAME of an organization."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind of account"),
        choices=Enterprise.Kind.choices,
        initial=Enterprise.Kind.ENTERPRISE,
        required=False,
        help_text=_("A single organization that no enterprise account owns is an account too."),
    )
    host = HostField(
        label=_("GitHub"),
        initial="github.com",
        help_text=_("github.com, or your own address that ends in .ghe.com."),
    )
    token = TokenField(help_text=format_lazy("{} {}", TOKEN_HELP, ORGANIZATION_TOKEN_HELP))

    def __init__(self, *args: Any, operator: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].required = not operator

    def clean(self) -> dict[str, Any]:
        """Take host, kind and name out of an address that was pasted whole."""
        values = super().clean() or {}
        values["kind"] = values.get("kind") or Enterprise.Kind.ENTERPRISE
        if found := ADDRESS.fullmatch(str(values.get("slug", "")).strip()):
            values["slug"] = found[3]
            if values.get("host") == "github.com" and found[1].lower() != "www.github.com":
                values["host"] = found[1]
            enterprise = found[2] == "enterprises"
            values["kind"] = Enterprise.Kind.ENTERPRISE if enterprise else Enterprise.Kind.ORGANIZATION
        return values


class ProfileForm(forms.Form):
    """What owners say of the enterprise. `price` is in units of `currency`, for one license and month."""

    name = forms.CharField(label=_("Name"), max_length=120)
    contract = forms.ChoiceField(
        label=_("Contract"),
        choices=Enterprise.Contract.choices,
        required=False,
        help_text=_(
            "A pending invitation consumes a license under a volume contract, and none under a metered one"
            " or where the enterprise has managed users (EMU)."
        ),
    )
    never_active = forms.ChoiceField(
        label=_("Accounts never active"),
        choices=Enterprise.NeverActive.choices,
        required=False,
        help_text=_(
            "What an account of a server consumes whose owner never signed in. Where GitHub has not spoken yet it is"
            " counted: the number is never too low."
        ),
    )
    managed_users = forms.ChoiceField(
        label=_("Accounts at GitHub"),
        choices=Enterprise.Managed.choices,
        required=False,
        help_text=_(
            "GitHub does not say it in one place: this console sees it by SCIM, by logins, and by repository"
            " collaborators. Say it yourself where that is wrong."
        ),
    )
    renews_on = forms.DateField(
        label=_("Renewal"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    price = forms.DecimalField(
        label=_("Price of a license for a month"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100_000),
        decimal_places=2,
        help_text=_("Only used to say what licenses cost. It stays in this console."),
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", label=_("Currency"), help_text=_("Three letters, such as USD, EUR or JPY.")
    )
    time_zone = ZoneField(help_text=_("Days end, and quiet hours of servers are meant, in this zone."))

    @classmethod
    def of(cls, enterprise: Enterprise) -> ProfileForm:
        """Return the form as the enterprise stands."""
        cents = enterprise.price_cents
        return cls(
            initial={
                "name": enterprise.name,
                "contract": enterprise.contract
                if enterprise.next_contract is None
                else enterprise.next_contract,
                "never_active": enterprise.next_never_active or enterprise.never_active,
                "managed_users": enterprise.next_managed_users or enterprise.managed_users,
                "renews_on": enterprise.renews_on,
                "price": None if cents is None else Decimal(cents) / 100,
                "currency": enterprise.currency,
                "time_zone": enterprise.time_zone,
            }
        )

    def clean_currency(self) -> str:
        """Write the currency as ISO 4217 does."""
        return str(self.cleaned_data["currency"]).upper()

    @property
    def price_cents(self) -> int | None:
        """The price in hundredths."""
        price = self.cleaned_data["price"]
        return None if price is None else int(price * 100)


class ReplaceTokenForm(forms.Form):
    """Another token for the enterprise."""

    token = TokenField(label=_("New token"), help_text=TOKEN_HELP)

    def __init__(self, *args: Any, organization: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if organization:
            self.fields["token"].help_text = ORGANIZATION_TOKEN_HELP


class InviteForm(forms.Form):
    """A role for somebody, who follows a link to take it."""

    email = forms.EmailField(label=_("Email"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.BILLING_MANAGER)
