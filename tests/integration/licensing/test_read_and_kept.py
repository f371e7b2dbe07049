"""What is read and kept: told before anything is read, and of each run afterwards."""

import re

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from licensing.models import RunChunk, SyncRun
from licensing.read_data import EXAMPLE, columns
from licensing.rules.csv_report import read_csv

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
SERVER = "/enterprises/octo/servers/ghe-tokyo.octo.example"


def said(client: Client, address: str) -> str:
    return re.sub(r"\s+", " ", client.get(address).content.decode())


def test_the_example_is_read_as_it_says() -> None:
    names, values = zip(*EXAMPLE, strict=True)
    quoted = ['"' + value.replace('"', '""') + '"' for value in values]
    (account,) = read_csv([f"{','.join(names)}\n{','.join(quoted)}\n".encode()])
    told = {one.field: one.kept for one in columns() if one.field}
    assert told["email"] == account.email
    assert (told["remote_user_id"], told["login"]) == (str(account.remote_user_id), account.login)
    assert (told["site_admin"], told["never_active"]) == (str(account.site_admin).lower(), "false")
    assert account.never_active is False
    assert len(told) == 8


def test_before_the_first_sync_every_column_is_told(tokyo: Server, manager: Client) -> None:
    page = said(manager, f"{SERVER}/data")
    assert page.count(">dropped while reading<") == len(EXAMPLE) - 8
    assert "last_logged_ip" in page


def test_of_each_run_the_fields_a_sample_hash_and_size(
    estate: Enterprise, owner: Client, manager: Client
) -> None:
    run = SyncRun.objects.get(server__isnull=False)
    page = said(owner, f"{SERVER}/license/syncs/{run.number}")
    assert all(text in page for text in ("bob-on-tokyo", "remote_user_id", run.sha256, "compressed, until"))
    assert "compressed, until" not in said(manager, f"{SERVER}/license/syncs/{run.number}")
    cloud = SyncRun.objects.get(server=None)
    assert "github_com_saml_name_id" in said(owner, f"/enterprises/octo/licensing/syncs/{cloud.number}")
    RunChunk.objects.all().delete()
    assert "deleted after its time" in said(owner, f"{SERVER}/license/syncs/{run.number}")
