"""How often each address was asked for since the start, so that a test can count what a console really read."""

from collections import Counter

_asked: Counter[str] = Counter()


def count(host: str, path: str) -> None:
    """One more request."""
    _asked[host + path] += 1


def counts() -> dict[str, int]:
    """Requests by host and path."""
    return dict(_asked)
