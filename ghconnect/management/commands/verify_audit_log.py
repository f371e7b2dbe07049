"""Check that nobody changed what was done."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ghconnect.models import Enterprise
from ghconnect.usecases import audit_chain
from ghconnect.usecases.audit_chain import Broken, Head
from ghconnect.usecases.audit_heads import Link


class Command(BaseCommand):
    """Exit code 1 when a chain is broken; the first broken event is named."""

    help = (
        "Follow the chain of audit events of each enterprise: nothing changed, inserted or taken out, and no end cut "
        "off. With --save, keep where the chains end in a file that is not beside the database; with --against, that "
        "file's ends must still be there. Exit code 1 when a chain is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--save", type=Path, metavar="FILE", help="write where each chain ends (JSON)")
        parser.add_argument("--against", type=Path, metavar="FILE", help="a file that --save wrote earlier")

    def handle(self, *args: Any, save: Path | None, against: Path | None, **options: Any) -> None:
        """Print each chain with the digest of its newest event."""
        names = {0: "the console", **dict(Enterprise.objects.values_list("pk", "slug"))}
        found = list(audit_chain.verify(_read(against) if against else None))
        for each in found:
            name = names.get(each.chain, f"enterprise {each.chain}")
            self.stdout.write(
                self.style.ERROR(_words(each, name)) if isinstance(each, Broken) else _words(each, name)
            )
        if broken := sum(isinstance(each, Broken) for each in found):
            raise CommandError(
                f"{broken} chain(s) are broken: the audit log was changed behind the console's back."
            )
        if save:
            heads = {each.chain: [each.position, each.digest] for each in found if isinstance(each, Head)}
            save.write_text(json.dumps(heads, indent=1) + "\n")


def _words(found: Head | Broken, name: str) -> str:
    if isinstance(found, Broken):
        return f"broken  {name}: event {found.event_id} {found.words}"
    begins = f", the {found.begins - 1} before them forgotten by retention" if found.begins > 1 else ""
    return f"holds   {name}: {found.events} events{begins}, newest {found.digest}"


def _read(path: Path) -> Mapping[int, Link]:
    try:
        told = json.loads(path.read_text())
        return {int(chain): Link(int(position), str(digest)) for chain, (position, digest) in told.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise CommandError(f"{path} is not a file that --save wrote: {type(error).__name__}.") from None
