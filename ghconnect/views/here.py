"""What views of a place share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from django import forms
from django.http import HttpResponseBase

from ghconnect.access import PlacedRequest
from ghconnect.models import Server

F = TypeVar("F", bound=forms.Form)
# A deed of a page with several forms: does it and redirects, or returns the page with what was wrong.
Deed = Callable[[PlacedRequest], HttpResponseBase]


def server_of(request: PlacedRequest) -> Server:
    """Return the server whose page this is."""
    assert request.place.server is not None
    return request.place.server


def deed_of(request: PlacedRequest, deeds: Mapping[str, Deed]) -> Deed | None:
    """Return the deed that the pressed button names, None for one that this page has not."""
    return deeds.get(request.POST.get("deed", ""))
