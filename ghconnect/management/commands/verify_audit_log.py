"""Check that nobody changed what was done."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ghconnect.models import Enterprise
from ghconnect.usecases import audit_chain


class Command(BaseCommand):
    """Exit code 1 when a chain is broken; the first broken event is named."""

    help = (
        "Follow the chain of audit events of each enterprise. Keep the digests it prints elsewhere: with them it "
        "can be shown later that nothing was cut off at the end. Exit code 1 when a chain is broken."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each chain with the digest of its newest event."""
        names = {0: "the console", **dict(Enterprise.objects.values_list("pk", "slug"))}
        broken = 0
        for found in audit_chain.verify():
            name = names.get(found.chain, f"enterprise {found.chain}")
            if isinstance(found, audit_chain.Broken):
                broken += 1
                self.stdout.write(self.style.ERROR(f"broken  {name}: event {found.event_id} {found.words}"))
            else:
                self.stdout.write(f"holds   {name}: {found.events} events, newest {found.digest}")
        if broken:
            raise CommandError(
                f"{broken} chain(s) are broken: the audit log was changed behind the console's back."
            )
