"""A deed that asks first: the same words as a dialog on the page that offers it, and as a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .features import Shown


@dataclass(frozen=True, slots=True)
class Question:
    """What stands in elements/question.html; `verb` repeats the title, `back` is where Cancel leads.

    `typed` is what must be typed, "" for nothing, and `typed_label` says so; `more` is a panel below the body.
    """

    id: str
    action: str
    title: str
    body: str
    verb: str
    back: str
    danger: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    typed: str = ""
    typed_label: str = ""
    typed_wrong: str = ""
    more: Shown | None = None

    def answered(self, request: HttpRequest) -> bool:
        """Whether what had to be typed was; case does not matter in names of hosts."""
        return request.POST.get("typed", "").strip().lower() == self.typed.lower()

    def page(self, request: HttpRequest) -> HttpResponse:
        """Ask on a page of its own."""
        return render(request, "ghconnect/question.html", {"question": self})

    def again(self, request: HttpRequest, words: str) -> HttpResponse:
        """Ask once more, saying what was wrong with what was typed."""
        return replace(self, typed_wrong=words).page(request)
