"""The terminal's language: gettext without Django, which is not set up here."""

import gettext
import os
from pathlib import Path

LOCALES = Path(__file__).resolve().parents[2] / "locale"


def language() -> str:
    """Return `ja` or `en`, as the terminal's locale says."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ja" if next(filter(None, names), "").startswith("ja") else "en"


_ = gettext.translation("django", LOCALES, [language()], fallback=True).gettext
