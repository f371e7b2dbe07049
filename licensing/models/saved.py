"""Searches of consumed licenses that somebody keeps under a name."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ghconnect.models import Enterprise, User


class SavedView(models.Model):
    """A search by name: `query` is that of the list's address. Without a user everybody of the enterprise has it."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "user", "name"], name="saved_view_once"),
            models.UniqueConstraint(
                fields=["enterprise", "name"], condition=Q(user=None), name="shared_view_once"
            ),
        ]
