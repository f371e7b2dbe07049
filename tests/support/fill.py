"""Fill the database that the settings name with a small estate: `python -m tests.support.fill`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghconnect.settings")
django.setup()

from ghconnect.models import Membership, Role, User  # noqa: E402
from tests.integration.engine import drive  # noqa: E402


def main() -> None:
    """Two servers, GitHub's rows, people of every kind, and an owner."""
    of = drive.enterprise("octo")
    owner = User.objects.create_user("mona@octo.example", "mona", password="plum-otter-41", name="Mona Lisa")
    Membership.objects.create(user=owner, enterprise=of, role=Role.OWNER)
    tokyo, osaka = drive.server(of, "ghe-tokyo.octo.example"), drive.server(of, "ghe-osaka.octo.example")
    drive.read_cloud(
        of,
        [
            drive.row("ann", ["ghe-tokyo.octo.example:1"], ["ann@octo.example"]),
            drive.row("", ["ghe-old.octo.example:1"], ["佐藤@octo.example"]),
        ],
    )
    drive.read_server(tokyo, [drive.account(1, "ann@octo.example"), drive.account(2, "bob@octo.example")])
    drive.read_server(osaka, [drive.account(1, "bob@octo.example", suspended=True), drive.account(2)])


if __name__ == "__main__":
    main()
