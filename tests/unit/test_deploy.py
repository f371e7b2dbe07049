"""What production is started from says what the Procfile and the settings say; unsafe settings are refused by code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as known
from django.core import checks
from django.urls import resolve
from pytest_django import Settings

from ghconnect import system_checks
from ghconnect.views.health import healthz
from tests.support.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
EXAMPLE = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
PROCFILE = dict(re.findall(r"^(\w+): (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE))


def module(command: str) -> list[str]:
    """The words of a command up to its options that differ by place."""
    return [word for word in command.split() if not re.search(r"[:$\d]", word)]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_compose_and_systemd_start_what_the_procfile_starts(name: str) -> None:
    wanted = module(PROCFILE[name])
    assert module(SERVICES[name]["command"]) == wanted
    unit = (ROOT / f"deploy/ghconnect-{name}.service").read_text()
    start = re.search(r"^ExecStart=\S+/(python .*)$", unit, re.MULTILINE)
    assert start
    assert module(start[1]) == wanted


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "beat"])
def test_compose_sets_variables_that_exist_and_secrets_from_files(name: str) -> None:
    service = SERVICES[name]
    for variable in service["environment"]:
        assert variable.removesuffix("_FILE") in EXAMPLE
    for secret in ("SECRET_KEY", "GHCONNECT_SEALING_KEYS", "DATABASE_URL"):
        assert service["environment"][f"{secret}_FILE"].removeprefix("/run/secrets/") in service["secrets"]
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])
    assert set(service["depends_on"]) <= set(SERVICES)


def test_units_read_secrets_from_credentials_and_give_a_run_its_time() -> None:
    for name in ("web", "worker", "beat"):
        unit = (ROOT / f"deploy/ghconnect-{name}.service").read_text()
        given = set(re.findall(r"^LoadCredential=(\w+):", unit, re.MULTILINE))
        assert set(re.findall(r"_FILE=%d/(\w+)", unit)) == given
    assert "TimeoutStopSec=600" in (ROOT / "deploy/ghconnect-worker.service").read_text()


def test_health_checks_ask_an_address_of_the_console_at_the_port_it_listens_at() -> None:
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", " ".join(SERVICES["web"]["healthcheck"]["test"]))
    assert asked
    assert resolve(asked[2]).func is healthz
    assert f"--bind 0.0.0.0:{asked[1]} " in SERVICES["web"]["command"]
    assert SERVICES["web"]["ports"][0].endswith(f":{asked[1]}")
    assert "127.0.0.1" in SERVICES["web"]["environment"]["ALLOWED_HOSTS"].split(",")


def test_who_waits_for_a_service_waits_for_what_it_tells() -> None:
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            ends, told = SERVICES[name].get("restart") == "no", "healthcheck" in SERVICES[name]
            assert wanted["condition"] == ("service_completed_successfully" if ends else "service_healthy")
            assert ends or told


def test_the_docs_name_every_service() -> None:
    text = (ROOT / "docs/production.md").read_text().split("## With systemd, or in containers")[1]
    for name in SERVICES:
        assert f"`{name}`" in text.split("## Settings")[0]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """All of it but the interpreter, which is where the console is installed."""
    units = []
    for unit in sorted((ROOT / "deploy").glob("*.service")):
        units.append(tmp_path / unit.name)
        units[-1].write_text(unit.read_text().replace("/opt/ghconnect/.venv/bin/python", sys.executable))
    told = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False, timeout=60
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_unsafe_settings_end_it_before_it_starts() -> None:
    check = "python manage.py check --deploy"
    assert SERVICES["migrate"]["command"].startswith(f'sh -c "{check} && ')
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert (
            f"ExecStartPre=/opt/ghconnect/.venv/bin/{check}\n"
            in (ROOT / f"deploy/ghconnect-{name}.service").read_text()
        )


SAFE = {
    "DEBUG": False,
    "HTTPS_ONLY": True,
    "ALLOWED_HOSTS": ["console.example.com"],
    "GHCONNECT_FAULTS": "",
    "GHCONNECT_ALLOWED_NETWORKS": [ip_network("10.0.0.0/8")],
    "GHCONNECT_METRICS_TOKEN": "",
    "GHCONNECT_SEALING_KEYS": ["a"],
    "GHCONNECT_SANDBOX_URL": "",
    "GHCONNECT_PAUSE_SYNCS": False,
}
UNSAFE: dict[str, dict[str, Any]] = {
    "E001": {"DEBUG": True},
    "E002": {"HTTPS_ONLY": False},
    "E003": {"ALLOWED_HOSTS": ["*"]},
    "E004": {"GHCONNECT_FAULTS": "fetch:after"},
    "E005": {"GHCONNECT_ALLOWED_NETWORKS": [ip_network("0.0.0.0/0")]},
    "E006": {"GHCONNECT_METRICS_NETWORKS": [ip_network("0.0.0.0/0")]},
    "E007": {"GHCONNECT_METRICS_TOKEN": "short"},
    "E008": {"GHCONNECT_SEALING_KEYS": ["a", "a"]},
    "E009": {"GHCONNECT_SANDBOX_URL": "http://127.0.0.1:8001"},
    "W001": {},
    "W002": {"GHCONNECT_PAUSE_SYNCS": True},
}


def found(settings: Settings, **facts: Any) -> list[checks.CheckMessage]:
    for name, value in {**SAFE, **facts}.items():
        setattr(settings, name, value)
    return system_checks.refuse_unsafe()


@pytest.mark.parametrize("code", [*system_checks.ERRORS, *system_checks.WARNINGS])
def test_each_unsafe_setting_has_its_code_and_advice_and_stands_in_the_docs(
    code: str, settings: Settings
) -> None:
    assert found(settings) == []
    if code == "W001":
        kept = known.VAR_DIR / "sealing.key"
        facts = {"GHCONNECT_SEALING_KEYS": [kept.read_text().strip()]}
    else:
        facts = UNSAFE[code]
    (told,) = found(settings, **facts)
    assert told.id == f"ghconnect.{code}"
    assert told.hint
    assert told.level == (checks.ERROR if code.startswith("E") else checks.WARNING)
    assert f"`ghconnect.{code}`" in (ROOT / "docs/production.md").read_text()
