"""The folder and the ports of `make run`."""

import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ghconnect.run import place
from tests.support.environment import free_port
from tests.support.processes import ROOT


def test_a_taken_port_is_said_with_a_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(SystemExit) as told:
            place.check_ports({"PORT": taken})
    words = f"Port {taken} is in use by another program. Try: make run PORT="
    assert str(told.value).startswith(words)
    assert int(str(told.value).removeprefix(words)) > taken


def advised(ports: dict[str, int]) -> tuple[str, dict[str, int]]:
    """What is said of the ports, and the ports of the command it gives."""
    with pytest.raises(SystemExit) as told:
        place.check_ports(ports)
    words, command = str(told.value).split("make run ")
    return words, {name: int(port) for name, port in (pair.split("=") for pair in command.split())}


def test_one_command_leads_around_every_taken_port_and_keeps_the_chosen_ones() -> None:
    with socket.socket() as one, socket.socket() as two:
        for other in (one, two):
            other.bind(("127.0.0.1", 0))
            other.listen()
        taken = {"PORT": one.getsockname()[1], "BROKER_PORT": two.getsockname()[1]}
        chosen = free_port()
        words, ports = advised({**taken, "MACHINE_PORT": chosen})
        assert f"Ports {taken['PORT']}, {taken['BROKER_PORT']} are in use by other programs." in words
        assert ports["MACHINE_PORT"] == chosen
        place.check_ports(ports)


def test_two_servers_do_not_get_one_port() -> None:
    words, ports = advised({"PORT": (port := free_port()), "PAGES_PORT": port})
    assert f"Port {port} is asked for twice." in words
    assert ports["PORT"] == port
    assert ports["PAGES_PORT"] != port


def test_free_ports_are_not_spoken_of() -> None:
    place.check_ports({"PORT": free_port()})


def test_passwords_are_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    made = place.passwords(path, ("mona", "finn"))
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-\d\d", word) for word in made.values())
    assert made["mona"] != made["finn"]
    assert place.passwords(path, ("mona", "finn")) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_folder_holds_one_run(tmp_path: Path) -> None:
    with place.only_run(tmp_path):
        second = subprocess.run(
            [sys.executable, "-m", "ghconnect.run", "--var", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
    assert second.returncode == 1
    assert "already runs from this folder" in second.stderr
