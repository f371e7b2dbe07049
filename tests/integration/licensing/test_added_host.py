"""A server that is added after GitHub spoke of it is one server, not two."""

from __future__ import annotations

from ghconnect.models import Enterprise
from ghconnect.records import ServerSyncStatus
from ghconnect.usecases import servers
from licensing import clocks
from licensing.usecases import github_status
from tests.integration.engine import drive

HOST = "ghe-osaka.octo.example"


def test_a_host_is_known_from_the_moment_it_is_added(octo: Enterprise) -> None:
    status = ServerSyncStatus(server_id="one", host=HOST, date=None, status="success", error="")
    github_status.keep(enterprise=octo, found=[status])
    drive.read_cloud(octo, [drive.row("", [f"{HOST}:1"], ["ann@octo.example"])])
    assert [(each.host, each.licenses) for each in clocks.known_to_github_only(octo)] == [(HOST, 1)]

    servers.add(enterprise=octo, host=HOST, way_in="upload", by=None)
    assert clocks.known_to_github_only(octo) == []
    (osaka,) = clocks.of(octo)
    assert osaka.sync is not None
    assert osaka.sync.instance_id == "one"
