"""A shell client of the console's API: `python -m ghconnect.cli status`. Standard library alone, so one file can go."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

OK, FAILED, WRONG, HELD, ATTENTION = 0, 1, 2, 3, 4
URL, TOKEN = "GHCONNECT_URL", "GHCONNECT_TOKEN"
V1 = "/api/console/v1"
PATIENCE, STEP = 60, 2.0
ENDINGS = {"published": OK, "unchanged": OK, "held": HELD}
EPILOG = f"""environment: {URL} (https://console.example.com), {TOKEN} or {TOKEN}_FILE, SSL_CERT_FILE for your own CA.
exit codes: 0 done, 1 failed or refused, 2 wrong arguments, 3 the sync is held, 4 something needs attention (status).
"""


class Refused(Exception):
    """The console said no, or could not be reached; the words say which."""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        code: int = given.run(given)
    except Refused as error:
        print(f"ghconnect: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    return code


def _parser() -> argparse.ArgumentParser:
    wide = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("ghconnect", description=__doc__, epilog=EPILOG, formatter_class=wide)
    parser.add_argument("--json", action="store_true", help="answers as JSON, one document")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, words, options in COMMANDS:
        name = run.__name__.replace("_", "-")
        made = commands.add_parser(name, help=words, description=words)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="the answer as JSON")
        made.set_defaults(run=run)
        for option, facts in options.items():
            made.add_argument(option, **facts)
    return parser


# --- commands ----------------------------------------------------------------------------------------------------


def status(given: argparse.Namespace) -> int:
    """Tell the numbers; exit code 4 where something needs attention."""
    numbers, servers = _call("/enterprise"), _call("/servers")
    if given.json:
        _print_json(
            {**numbers, "servers": servers["items"], "known_to_github_only": servers["known_to_github_only"]}
        )
    else:
        _say_status(numbers, servers)
    return ATTENTION if numbers["attention"] else OK


def _say_status(numbers: dict[str, Any], servers: dict[str, Any]) -> None:
    counted = numbers["counted_by_github"]
    github = "" if counted is None else f"{counted} counted by GitHub, "
    _say(f"{numbers['enterprise']}: {github}{numbers['expected']} expected")
    for line in numbers["lines"]:
        _say(f"  {line['delta']:+d}  {line['label']}" + (f" ({line['note']})" if line["note"] else ""))
    for each in servers["items"]:
        _say(f"  {each['host']}  {each['console']['label']}  GitHub: {each['github']['label']}")
    for host in servers["known_to_github_only"]:
        _say(f"  {host}  not in this console")
    for item in numbers["attention"]:
        _say(f"! {item['subject'] or numbers['enterprise']}: {item['words']}")


def sync(given: argparse.Namespace) -> int:
    """Ask for a sync, and watch it where --wait says so."""
    run = _call(_syncs(given.host), "POST")
    if given.wait:
        return _watch(given, run["number"])
    _tell(given, run, _run_words(run))
    return OK


def watch(given: argparse.Namespace) -> int:
    """Watch a sync, the newest where no number is given."""
    number = given.number
    if not number:
        newest = _call(f"{_syncs(given.host)}?limit=1")["items"]
        if not newest:
            raise Refused("There is no sync yet.")
        number = newest[0]["number"]
    return _watch(given, number)


def _watch(given: argparse.Namespace, number: int) -> int:
    said = ""
    while True:
        run = _call(f"{_syncs(given.host)}/{number}")
        words = _run_words(run)
        if words != said and not given.json:
            _say(said := words)
        if run["over"]:
            if given.json:
                _print_json(run)
            return ENDINGS.get(run["state"], FAILED)
        time.sleep(STEP)


def _run_words(run: dict[str, Any]) -> str:
    told = [f"{run['host'] or 'GitHub'} #{run['number']}", run["state"], run["step"]]
    told += [f"{run['fetched']} read"] if run["fetched"] else []
    told += [run["trouble"]["words"]] if run["trouble"] else []
    return " · ".join(filter(None, [*told, *(hold["words"] for hold in run["holds"])]))


def people(given: argparse.Namespace) -> int:
    """List who holds a license, a line each."""
    found = _people(" ".join(given.query), given.view, given.limit)
    if given.json:
        _print_json(list(found))
        return OK
    for each in found:
        where = ", ".join(each["enterprise_server_user_ids"])
        name = (
            each["github_com_login"] or each["github_com_name"] or ", ".join(each["enterprise_server_emails"])
        )
        _say("\t".join([str(each["person"] or "-"), name or "-", where or "-", each["verdict"] or "-"]))
    return OK


def _people(query: str, view: str, limit: int = 0) -> Iterator[dict[str, Any]]:
    """Yield licenses, a page at a time."""
    size = min(100, limit) if limit > 0 else 100
    asked = urllib.parse.urlencode({"q": query, "view": view, "limit": size})
    url, count = f"/people?{asked}", 0
    while url:
        page = _call(url)
        for each in page["items"]:
            yield each
            count += 1
            if limit and count >= limit:
                return
        url = f"/people?{urllib.parse.urlsplit(page['next']).query}" if page["next"] else ""


def why(given: argparse.Namespace) -> int:
    """Say why one person holds a license."""
    number = int(given.who) if given.who.isdecimal() else _one(given.who)
    whole = _call(f"/people/{number}")
    lines = [
        f"{whole['name']}: {'one license' if whole['consumes'] else 'no license'} ({whole['reason'] or '-'})"
    ]
    for account in whole["accounts"]:
        rule = account.get("explained_rule") or account.get("rule") or account["source"]
        told = (account["login"], f"{account['where']}:", rule, account["value"], account.get("verdict", ""))
        lines.append("  " + " ".join(filter(None, told)))
    _tell(given, whole, "\n".join(lines))
    return OK


def _one(query: str) -> int:
    """The person a search finds, in either view; Refused unless it is one."""
    found = {
        each["person"]
        for view in ("expected", "github")
        for each in _people(query, view, 10)
        if each["person"]
    }
    if len(found) != 1:
        raise Refused(
            f"{len(found) or 'No'} people are found by {query!r}; one is needed. `people` lists them."
        )
    return int(found.pop())


def check_address(given: argparse.Namespace) -> int:
    """Say what an address would match."""
    found = _call("/check-address", "POST", json.dumps({"address": given.address}).encode())
    whom = found["github_com_login"] or (f"person {found['person']}" if found["person"] else "nobody yet")
    cost = "no license more" if not found["licenses"] else "one license more"
    lines = [f"{found['key']}: {whom}, {found['rule']}, {cost}" + (", a tie" if found["tie"] else "")]
    lines += [f"  {each['login']} on {each['host']}" for each in found["accounts"]]
    _tell(given, found, "\n".join(lines))
    return OK


def push(given: argparse.Namespace) -> int:
    """Send a file while it is read."""
    path = f"/servers/{urllib.parse.quote(given.host)}/usage"
    if given.file == "-":
        body: Any = sys.stdin.buffer
        return _pushed(given, _call(path, "POST", body, kind="application/octet-stream"))
    try:
        file = Path(given.file).open("rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise Refused(str(error)) from None
    with file:
        length = os.fstat(file.fileno()).st_size
        name = Path(given.file).name.replace('"', "")
        more = {"Content-Length": str(length), "Content-Disposition": f'attachment; filename="{name}"'}
        return _pushed(given, _call(path, "POST", file, kind="application/octet-stream", more=more))


def export(given: argparse.Namespace) -> int:
    """Let the console write a list, and fetch the file."""
    ending = given.file.rpartition(".")[2].lower()
    wish = {"list": given.list, "format": ending, "q": given.query, "view": given.view}
    if given.as_of:
        wish |= {"list": "as-of", "as_of": given.as_of}
    job = _call("/exports", "POST", json.dumps(wish).encode())
    while job["state"] in ("queued", "running"):
        time.sleep(STEP / 2)
        job = _call(f"/exports/{job['number']}")
    if job["state"] != "done":
        raise Refused(f"The console could not write {given.file}.")
    _fetch(f"/exports/{job['number']}/file", given.file, job["sha256"])
    _tell(given, job, f"{given.file}: {job['bytes']} bytes, SHA-256 {job['sha256']}")
    return OK


def _fetch(path: str, name: str, sha256: str) -> None:
    """Write a file that is whole, or none."""
    digest, part = hashlib.sha256(), Path(f"{name}.part")
    try:
        with _open(path, "GET", None, {}) as answer, part.open("wb") as file:
            while piece := answer.read(1 << 16):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            raise Refused(f"{name} came damaged. Fetch it again.")
        part.replace(name)
    except OSError as error:
        raise Refused(str(error)) from None
    finally:
        part.unlink(missing_ok=True)


def _pushed(given: argparse.Namespace, answer: dict[str, Any]) -> int:
    _tell(
        given, answer, f"#{answer['run']} {answer['state']}: {answer['accounts']} accounts  {answer['url']}"
    )
    return OK


HOST: dict[str, Any] = {"nargs": "?", "default": ""}
COMMANDS: tuple[tuple[Callable[[argparse.Namespace], int], str, dict[str, dict[str, Any]]], ...] = (
    (status, "the count, both clocks of every server, and what needs attention", {}),
    (
        sync,
        "ask for a sync of HOST, or of GitHub's report without one",
        {"host": HOST, "--wait": {"action": "store_true", "help": "watch it until it is over"}},
    ),
    (
        watch,
        "watch a sync of HOST, the last one unless a number is given, until it is over",
        {"host": HOST, "number": {"nargs": "?", "type": int, "default": 0}},
    ),
    (
        people,
        "who holds a license; words and qualifiers as on the page",
        {
            "query": {"nargs": "*"},
            "--view": {"choices": ["github", "expected"], "default": ""},
            "--limit": {"type": int, "default": 0, "help": "so many at most (default: all)"},
        },
    ),
    (why, "why somebody holds a license: a search that finds one person, or the id", {"who": {}}),
    (
        check_address,
        "whom an account with this address would belong to, and what it would cost",
        {"address": {}},
    ),
    (
        export,
        "write a list into FILE: .csv, .json or .xlsx; .zip with --list renewal",
        {
            "file": {},
            "--list": {"choices": ["consumed-licenses", "renewal"], "default": "consumed-licenses"},
            "--query": {"default": "", "help": "as on the page"},
            "--view": {"choices": ["github", "expected"], "default": ""},
            "--as-of": {"default": "", "metavar": "YYYY-MM-DD", "help": "who held a license that day"},
        },
    ),
    (push, "send the file of a server; - is standard input", {"file": {}, "--host": {"required": True}}),
)


# --- the console ---------------------------------------------------------------------------------------------------


def _syncs(host: str) -> str:
    return f"/servers/{urllib.parse.quote(host)}/syncs" if host else "/syncs"


def _call(
    path: str, method: str = "GET", body: Any = None, kind: str = "application/json", more: Any = None
) -> Any:
    """Ask the console and return its JSON. Raises Refused with what it says."""
    headers = {"Content-Type": kind, **(more or {})} if body is not None else {}
    with _open(path, method, body, headers) as answer:
        try:
            return json.load(answer)
        except (OSError, ValueError) as error:
            raise Refused(f"{path} cannot be read: {error}") from None


def _open(path: str, method: str, body: Any, more: dict[str, str]) -> Any:
    """Ask the console and return its answer, open. Raises Refused with what it says."""
    base = os.environ.get(URL, "").rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise Refused(f"Set {URL} to the address of the console, for instance https://console.example.com")
    headers = {
        "Authorization": f"Bearer {_token()}",
        "User-Agent": "ghconnect-cli",
        "Accept": "application/json",
    }
    headers |= more
    request = urllib.request.Request(base + V1 + path, body, headers, method=method)
    try:
        return urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        raise Refused(_words(error)) from None
    except (OSError, ValueError) as error:
        raise Refused(f"{base} cannot be read: {error}") from None


def _token() -> str:
    path = os.environ.get(f"{TOKEN}_FILE", "")
    try:
        token = Path(path).read_text().strip() if path else os.environ.get(TOKEN, "").strip()
    except OSError as error:
        raise Refused(str(error)) from None
    if not token:
        raise Refused(f"Set {TOKEN} (or {TOKEN}_FILE) to a token of Settings, Access tokens.")
    return token


def _words(error: urllib.error.HTTPError) -> str:
    try:
        told = json.load(error)
        where = f" (line {told['line']})" if told.get("line") else ""
        wrong = [
            f"{each['field'].removeprefix('body.')}: {each['message']}" for each in told.get("errors", ())
        ]
        return " ".join([f"{told['detail']}{where}", *wrong])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the console answered {error.code}"


def _tell(given: argparse.Namespace, answer: Any, words: str) -> None:
    if given.json:
        _print_json(answer)
    else:
        _say(words)


def _print_json(answer: Any) -> None:
    _say(json.dumps(answer, ensure_ascii=False, indent=1))


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
