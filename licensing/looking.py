"""When a page that watches a run looks again, if at all: soon while something moves, ever later while nothing does."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest

from licensing.progress import Progress

# Seconds between two looks at a run; each look that sees nothing new leads one further, and the last to none.
PAUSES = (1, 1, 1, 2, 2, 3, 5, 8, 13, 21, 30, 30, 30, 30, 30, 30)


def again(request: HttpRequest, url: str, under_way: Progress | None) -> dict[str, object] | None:
    """Return `after` in seconds and the `url` to ask, which says what was seen by then; None: look no more."""
    if under_way is None:
        return None
    quiet = request.GET.get("quiet", "")
    looked = int(quiet) if quiet.isdecimal() and len(quiet) < 4 else 0
    looked = looked + 1 if under_way.mark == request.GET.get("mark", "") else 0
    if looked >= len(PAUSES):
        return None
    query = urlencode({"mark": under_way.mark, "quiet": looked})
    return {"after": PAUSES[looked], "url": f"{url}?{query}"}
