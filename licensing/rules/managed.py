"""Whether an enterprise has managed users (EMU), by what GitHub shows of it (reference §4.2, §5.2, §6.4)."""

from __future__ import annotations

from dataclasses import dataclass

from ghconnect.records import LicenseRow

# What GitHub calls collaborators of managed enterprises, and of no others (reference §5.2, column 10).
COLLABORATOR = "repository collaborator"


@dataclass(slots=True)
class Tally:
    """What the rows of a report tell: a managed user's login ends in `_` and the enterprise's shortcode."""

    members: int = 0
    marked: int = 0
    collaborators: int = 0

    def note(self, row: LicenseRow) -> None:
        """Count one row; whoever is in no organization tells nothing."""
        self.collaborators += COLLABORATOR in (role.lower() for role in row.github_com_enterprise_roles)
        if row.github_com_member_roles:
            self.members += 1
            self.marked += "_" in row.github_com_login

    def says(self) -> bool:
        """Whether the rows are those of managed users."""
        return self.collaborators > 0 or 0 < self.members == self.marked


def decide(*, rows: bool, scim: str, before: bool) -> bool:
    """By the rows, else by whether GitHub has a SCIM of the enterprise; `scim` is how asking for it went.

    A token that may not ask leaves it as it was before.
    """
    return rows or scim == "read" or (before and scim != "not_offered")
