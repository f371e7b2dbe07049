"""GitHub's published icons (MIT, licence beside this file), as inline SVG."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

Icon = tuple[int, str]


@cache
def _icons() -> dict[str, dict[str, Icon]]:
    """Return {name: {height: (width, path markup)}}."""
    text = (Path(__file__).parent / "data.json").read_text(encoding="utf-8")
    return {
        name: {height: (width, path) for height, (width, path) in heights.items()}
        for name, heights in json.loads(text).items()
    }


def find(name: str, size: int) -> Icon:
    """Return (width in px, path markup) of an icon drawn for `size` px.

    Raises KeyError for an icon we do not keep: add its name to tools/vendor_octicons.py.
    """
    return _icons()[name][str(size)]
