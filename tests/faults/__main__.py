"""Try every fault many times on both stacks, and write docs/proof/faults.md: `python -m tests.faults`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults.tally import Line, table
from tests.support.processes import ROOT

PROOF = ROOT / "docs" / "proof" / "faults.md"
ABOUT = """# Faults

What `make faults` tried, and what it broke. Every process is real: workers with two processes each, a broker, beats,
a web server, and pretend GitHub over https. The lease of a worker is 2 s here (60 s by default), beats look
every 0.5 s, and `SIGKILL of the process at X` is a named point (`ghconnect/faults.py`) before or after a commit.

*Runs lost*: asked for, and not good in the end. *Doubled*: an account, seat, span, edition, run of a period or read of
a report that is there twice. *Stuck*: a run that is not over. *Licenses wrong*: accounts and people other than pretend
GitHub has them, counted by definition. *Slowest recovery*: from the death, or from the moment the store was back, to
the published run; a lease, the look after it, and the work itself.

*Random sequences* are those of a Hypothesis state machine: two servers and GitHub's report of one enterprise, sync,
refresh, switch, connect and disconnect, people who join and change their address, every kind of trouble the sandbox
knows but a slow answer, lasting changes, and deaths at any point, with the promise as invariants after each step; a try
is a sync that came to rest. Not tried here: a full disk, a network cut between worker and database, a machine that
loses its power (crashes are of processes), more than two workers and two beats, and a million accounts.
"""


def main() -> int:
    """Run both stacks side by side, each waits more than it computes; 0 where no promise was broken."""
    started, parts = time.monotonic(), [ABOUT]
    with tempfile.TemporaryDirectory(prefix="ghconnect-faults-") as folder:
        files = [Path(folder) / "embedded.json", Path(folder) / "production.json"]
        runners = [_run("pytest", files[0]), _run("tests.support.second_stack", files[1])]
        codes = [each.wait() for each in runners]
        parts += [_part(json.loads(told.read_text())) for told in files if told.exists()]
    minutes = (time.monotonic() - started) / 60
    parts.append(f"Both stacks, side by side, took {minutes:.0f} minutes on {os.cpu_count()} cores.\n")
    PROOF.parent.mkdir(parents=True, exist_ok=True)
    PROOF.write_text("\n".join(parts))
    return max(codes)


def _run(runner: str, told: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "GHCONNECT_FAULTS_TABLE": str(told)}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", runner, "-q", "tests/faults", *sys.argv[1:]]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def _part(told: dict[str, Any]) -> str:
    lines = [Line(**each) for each in told["lines"]]
    total = Line("**all**")
    for each in lines:
        total.add(tried=each.tried, lost=each.lost, doubled=each.doubled, stuck=each.stuck, wrong=each.wrong)
    stack = told["stack"]
    rows = "\n".join(table([*lines, total]))
    return f"## {stack['database']}, {stack['broker']}\n\n{rows}\n"


if __name__ == "__main__":
    sys.exit(main())
