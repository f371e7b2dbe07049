"""What GraphQL lists of servers is a help, never a need: a run goes on whatever the probe meets."""

from typing import Any, cast

import pytest

from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise
from ghconnect.records import InstallationPage
from licensing.usecases import cloud_reads


class Pages:
    """Answers as the client does: a page after the other, or an error."""

    def __init__(self, *answers: InstallationPage | GitHubError) -> None:
        self.answers = list(answers)

    def installations(self, after: str | None = None) -> InstallationPage:
        answer = self.answers.pop(0)
        if isinstance(answer, GitHubError):
            raise answer
        return answer


def told(*answers: InstallationPage | GitHubError) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cloud_reads.installations(cast(Enterprise, Pages(*answers)), found)
    return found


def test_all_pages_are_read_and_hosts_are_keys() -> None:
    first = InstallationPage(readable=True, end_cursor="x", connected={"GHE-Tokyo.octo.example": True})
    last = InstallationPage(readable=True, end_cursor=None, connected={"ghe-plant.octo.example": False})
    assert told(first, last) == {
        "installations": "read",
        "connected": {"ghe-tokyo.octo.example": True, "ghe-plant.octo.example": False},
    }


@pytest.mark.parametrize("key", ["not_found_ghec", "rate", "server_error", "timeout"])
def test_trouble_of_any_kind_is_noted_and_nothing_else(key: str) -> None:
    page = InstallationPage(readable=True, end_cursor="x", connected={"ghe-tokyo.octo.example": True})
    assert told(GitHubError(key, {})) == {"installations": key}
    assert told(page, GitHubError(key, {})) == {"installations": key}


def test_what_is_not_shown_is_not_called_disconnected() -> None:
    assert told(InstallationPage(readable=False, end_cursor=None, connected={})) == {
        "installations": "not_readable"
    }
