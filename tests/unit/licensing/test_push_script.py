"""The script an owner pastes: for this server, without a secret, and read by a POSIX shell."""

import re
import shutil
import subprocess

import pytest

from licensing import push_script

HOST = "ghe-tokyo.octo-corp.example"


def test_it_names_the_console_and_the_server_and_holds_no_secret() -> None:
    text = push_script.script(console="https://console.example.com/", host=HOST)
    assert "console=${GHCONNECT_CONSOLE:-https://console.example.com}" in text
    assert f"host=${{GHCONNECT_HOST:-{HOST}}}" in text
    assert not re.search(r"@[A-Z]+@", text)


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_shells_read_it(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    text = push_script.script(console="http://[::1]:8000/", host=HOST)
    done = subprocess.run([shell, "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "console", ["https://a.example/$(id)", "https://a.example/}; id", "https://a b", "x'y"]
)
def test_what_would_be_a_command_never_stands_in_it(console: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        push_script.script(console=console, host=HOST)


def test_each_server_has_a_moment_of_its_own_at_night() -> None:
    lines = {push_script.cron(f"ghe-{n}.octo-corp.example") for n in range(40)}
    assert len(lines) > 35
    for line in lines:
        found = re.fullmatch(r"(\d+) (\d) \* \* (\d) sh \$HOME/ghconnect-push\.sh >/dev/null", line)
        assert found
        minute, hour, day = map(int, found.groups())
        assert minute < 60
        assert 1 <= hour <= 5
        assert day < 7
