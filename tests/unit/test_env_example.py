"""`.env.example` names every variable that the settings and the Procfile read, and no other."""

import re

from tests.support.processes import ROOT


def test_the_example_is_complete() -> None:
    settings = re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', (ROOT / "ghconnect/settings.py").read_text())
    procfile = re.findall(r"\$\{([A-Z_]+)", (ROOT / "Procfile").read_text())
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(example) == sorted({*settings, *procfile})
