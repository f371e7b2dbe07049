"""Static files: named by their content, kept for ever, compressed, and little of our own."""

from __future__ import annotations

import gzip
import re
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db
OWN = ("app.css", "app.js", "passkeys.js")
MOST_OWN_BYTES = 30 * 1024


@pytest.fixture
def linked(client: Client) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/about").content.decode())


def test_pages_name_every_file_by_its_content(linked: list[str]) -> None:
    assert len(linked) >= 9
    assert all(re.search(r"\.[0-9a-f]{12}\.(css|js|svg)$", address) for address in linked)


def test_what_is_named_by_its_content_is_kept_for_ever_and_compressed(
    client: Client, linked: list[str]
) -> None:
    for address in linked:
        with closing(client.get(address, headers={"accept-encoding": "gzip"})) as file:
            assert file.status_code == 200, address
            assert "immutable" in file.headers["Cache-Control"]
            assert file.headers["Content-Encoding"] == "gzip"
            packed = file.getvalue()
        with closing(client.get(address)) as plain:
            assert plain.getvalue() == gzip.decompress(packed)


def test_a_name_without_its_content_is_not_kept_for_long(client: Client) -> None:
    with closing(client.get("/static/app.css")) as file:
        assert file.headers["Cache-Control"] == "max-age=60, public"
    assert client.get("/static/app.000000000000.css").status_code in (302, 404)


def test_our_own_styles_and_scripts_are_small() -> None:
    folder = Path(settings.BASE_DIR) / "static"
    sizes = {name: len(gzip.compress((folder / name).read_bytes(), 9)) for name in OWN}
    assert sum(sizes.values()) <= MOST_OWN_BYTES, sizes
