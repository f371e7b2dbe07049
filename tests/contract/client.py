"""Asks the sandbox as any client would: real https, its CA, its host names; nothing of the console."""

import csv
import http.client
import io
import json
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.support.sandbox import Sandbox

SCHEMAS = Path(__file__).with_name("schemas")
API = "api.github.octo-corp.example"
LICENSES = "/enterprises/octo-corp/consumed-licenses"
Headers = dict[str, str | None]
REPORT = "/stafftools/reports/all_users.csv"
READER = "octo-license-reader"


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def links(self) -> dict[str, str]:
        """rel → URL of the Link header."""
        found = re.findall(r'<([^>]*)>; rel="(\w+)"', self.headers.get("link", ""))
        return {rel: url for url, rel in found}


class Client:
    """One client of one sandbox, with the tokens of its `/world.json`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.world = sandbox, sandbox.world
        self.context = ssl.create_default_context(cafile=str(sandbox.ca))
        pairs = (entry.split("=") for entry in self.world["resolve"].split(","))
        self.ports = {name.removesuffix(":443"): int(address.rpartition(":")[2]) for name, address in pairs}

    def ask(
        self,
        host: str,
        path: str,
        token: str = "",
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Headers | None = None,
    ) -> Answer:
        """One request on a connection of its own. A header given as None is not sent."""
        sent = {
            "user_agent": "contract",
            "authorization": f"Bearer {token}" if token else None,
            **(headers or {}),
        }
        raw = socket.create_connection(("127.0.0.1", self.ports[host]), timeout=30)
        connection = http.client.HTTPSConnection(host, context=self.context)
        connection.sock = self.context.wrap_socket(raw, server_hostname=host)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def cloud(self, path: str, **headers: str | None) -> Answer:
        """GET at GHEC with the owner's token."""
        return self.ask(API, path, self.world["enterprise"]["token"], headers=headers)

    def wrong(self, path: str, words: str, host: str = API) -> Answer:
        """GET with one of the wrong tokens, found by a part of it."""
        found = next(each["token"] for each in self.world["wrong_tokens"] if words in each["token"])
        return self.ask(host, path, found)

    def graphql(self, query: str, account: str = "enterprise", **variables: Any) -> dict[str, Any]:
        """POST a query with the token of an account; the whole body."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer = self.ask(API, "/graphql", self.world[account]["token"], method="POST", body=body)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found

    def server(self, short: str) -> dict[str, Any]:
        return next(server for server in self.world["servers"] if server["short"] == short)

    def on(self, short: str, path: str, **headers: str | None) -> Answer:
        """GET at a server with its reader's token."""
        server = self.server(short)
        return self.ask(server["host"], path, server["token"] or "", headers=headers)

    def report(self, short: str, user: str = READER, token: str | None = None) -> Answer:
        """GET the report by basic authentication."""
        server = self.server(short)
        basic = b64encode(f"{user}:{token or server['token']}".encode()).decode()
        return self.ask(server["host"], REPORT, headers={"authorization": f"Basic {basic}"})

    def accounts(self, short: str) -> list[dict[str, str]]:
        """The rows of a server's report."""
        answer = self.report(short)
        assert answer.status == 200, answer
        return list(csv.DictReader(io.StringIO(answer.body.decode())))

    def carried(self, short: str) -> list[dict[str, str]]:
        """The rows of the report as a person downloads it from the server's own page."""
        answer = requests.get(self.server(short)["web_url"] + "/all_users.csv", timeout=30)
        return list(csv.DictReader(io.StringIO(answer.text)))

    def walk(self, path: str, per_page: int = 100) -> Iterator[Answer]:
        """Every page at GHEC, by `rel=next`."""
        url = f"{path}?per_page={per_page}"
        while url:
            answer = self.cloud(url)
            assert answer.status == 200, answer
            yield answer
            following = urlsplit(answer.links.get("next", ""))
            url = f"{following.path}?{following.query}" if following.path else ""

    def rows(self) -> list[dict[str, Any]]:
        """Every row of consumed-licenses."""
        return [row for page in self.walk(LICENSES) for row in page.json["users"]]

    def count(self) -> int:
        """GitHub's count."""
        return int(self.cloud(f"{LICENSES}?per_page=1").json["total_seats_consumed"])


def schema(name: str) -> dict[str, Any]:
    """A published schema; OpenAPI's `nullable` is put as JSON Schema says it."""
    found: dict[str, Any] = _nullable(json.loads((SCHEMAS / f"{name}.json").read_text()))
    return found


def _nullable(found: Any) -> Any:
    if isinstance(found, list):
        return [_nullable(each) for each in found]
    if not isinstance(found, dict):
        return found
    inner = {key: _nullable(value) for key, value in found.items()}
    if inner.pop("nullable", False) is True:
        return {"anyOf": [inner, {"type": "null"}]}
    return inner
