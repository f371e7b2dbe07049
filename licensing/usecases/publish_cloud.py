"""Publish GitHub's rows, joins and identity values of one enterprise: what changed, in one transaction."""

from __future__ import annotations

import json
import time
from typing import Any

from django.db import transaction

from ghconnect import clock, faults
from ghconnect.models import Enterprise
from ghconnect.records import IDENTITY_KINDS, SAML_NAME_ID, VERIFIED_EMAIL, LicenseRow
from licensing.models import CloudPicture, CloudSource, SyncRun, bulk
from licensing.rules import consumption, managed
from licensing.rules.normalise import email_key

from . import (
    cloud,
    cloud_facts,
    cloud_reading,
    editions,
    estate,
    finding,
    freshness,
    publish,
    recount,
    rematch,
)

State = SyncRun.State


def publish_cloud(run: SyncRun) -> None:
    """Ends the run published or unchanged; raises LostRun, StagedLost."""
    started = time.monotonic()
    faults.at("publish:before")
    with transaction.atomic():
        enterprise, _ = publish.lock(run)
        if bulk.staged_rows(run.pk, run.attempt) != run.fetched + run.counts.get("kept", 0):
            raise publish.StagedLost(str(run))
        faults.at("publish:locked")
        counts = _changes(run, enterprise)
        changed = any(counts.values())
        _picture(run, enterprise)
        cloud_facts.settle(run, enterprise)
        bulk.keep_lacked(run.pk, enterprise.pk)
        edition = None
        if changed or not enterprise.edition:
            edition = editions.publish(enterprise, cause="cloud", run=run)
        else:
            editions.refresh_counts(enterprise)
        publish.supersede_held(run)
        bulk.forget_staged(run.pk)
        faults.at("publish:before-fence")
        publish.settle(
            run,
            State.PUBLISHED if changed else State.UNCHANGED,
            counts={**run.counts, **counts},
            seconds={**run.seconds, "publish": round(time.monotonic() - started, 2)},
            edition=edition.number if edition else None,
        )
    faults.at("publish:after")


def _changes(run: SyncRun, enterprise: Enterprise) -> dict[str, int]:
    """Bring rows, joins and values to what is staged, and everything that follows from it; returns counts."""
    bulk.open_scratch()
    turned = _settle_managed(run, enterprise)
    edition = enterprise.edition + 1
    renamed = bulk.renamed_rows(run.pk, run.attempt, enterprise.pk)
    bulk.rename_cloud_accounts(renamed, edition)
    counts = _settle_rows(run, enterprise, edition)
    bulk.mark_after()
    counts["judged"] = bulk.mark_judged_before(enterprise.pk) + (_count_all(enterprise) if turned else 0)
    if any(counts.values()):
        counts["released"], counts["licensed"] = rematch.rematch(estate.estate(enterprise, edition, run.pk))
        finding.settle(enterprise)
        _tell(run, enterprise, edition, renamed=bool(renamed))
    return counts


def _settle_rows(run: SyncRun, enterprise: Enterprise, edition: int) -> dict[str, int]:
    """Bring rows, their `host:id`s, cloud accounts and values to what is staged."""
    key = (run.pk, run.attempt, enterprise.pk)
    counts = bulk.find_row_changes(*key)
    bulk.mark_before()
    rematch.point_rows(enterprise, mark=True)
    bulk.drop_gone_rows()
    counts["logins"] = bulk.settle_cloud_accounts(*key, edition)
    _write_rows(run, enterprise)
    bulk.name_cloud_accounts(enterprise.pk)
    bulk.settle_row_accounts(*key)
    rematch.point_rows(enterprise, mark=False)
    bulk.settle_ended_accounts()
    counts["values"] = bulk.settle_addresses(*key, kinds_read(run))
    counts["ids"] = bulk.settle_database_ids(enterprise.pk, cloud.database_ids(run))
    return counts


def _tell(run: SyncRun, enterprise: Enterprise, edition: int, *, renamed: bool) -> None:
    """Write the run's diff; people of the first picture are told of as a whole."""
    bulk.write_changes(run.pk, edition)
    if CloudPicture.objects.filter(enterprise=enterprise, rows_at__isnull=False).exists():
        bulk.write_people(run.pk, edition)
    if renamed:
        bulk.write_renames(run.pk, enterprise.pk, edition)


def _count_all(enterprise: Enterprise) -> int:
    """Say again which rows count, and mark everybody: what an invitation consumes is another now."""
    recount.count_rows(enterprise)
    bulk.mark_everything(enterprise.pk)
    return 1


def _settle_managed(run: SyncRun, enterprise: Enterprise) -> bool:
    """Keep whether GitHub shows managed users; returns whether that is news, which decides everybody again."""
    before = CloudPicture.shows_managed(enterprise)
    scim = run.counts.get("sources", {}).get("managed_users", {}).get("state", "")
    now = managed.decide(rows=run.counts.get("managed_rows", False), scim=scim, before=before)
    if now != before:
        CloudPicture.objects.filter(enterprise=enterprise).update(managed_users=now)
    return now != before


def kinds_read(run: SyncRun) -> list[str]:
    """Return the kinds of values this run speaks of in full; others keep what they were (ENGINEERING §17).

    A NameID stands in rows and among identities: once those were seen, rows alone do not tell that one is gone.
    """
    if run.counts.get("identities") == "read" and not _organizations_lost(run):
        return [*IDENTITY_KINDS, VERIFIED_EMAIL]
    seen = CloudPicture.objects.filter(enterprise=run.enterprise).exclude(identities_at=None).exists()
    return [VERIFIED_EMAIL] if seen else [SAML_NAME_ID, VERIFIED_EMAIL]


def _organizations_lost(run: SyncRun) -> bool:
    """Whether identities of organizations that were visible before cannot be asked for now: they stay as they were."""
    if run.counts.get("organizations", "read") in {"read", "not_used"}:
        return False
    seen = CloudSource.objects.filter(enterprise=run.enterprise, name="organizations", count__gt=0)
    return seen.exists()


def _write_rows(run: SyncRun, enterprise: Enterprise) -> None:
    """Insert and update the rows that changed, from their staged facts."""
    clouds, contract = bulk.cloud_ids(enterprise.pk), enterprise.contract or consumption.VOLUME
    new, changed = [], []
    is_managed = CloudPicture.managed(enterprise)
    for key, digest, facts, row_id in bulk.changed_rows(run.pk, run.attempt):
        row = cloud_reading.record(json.loads(facts))
        counted = consumption.row_counts(consumption.row_facts(row), contract, is_managed).consumes
        values = _columns(row, clouds.get(cloud.login_key(row)), digest, counted=counted)
        if row_id is None:
            new.append((enterprise.pk, key, *values))
        else:
            changed.append((*values, row_id))
    bulk.insert_rows(new)
    bulk.update_rows(changed)


def _columns(row: LicenseRow, cloud_id: int | None, digest: str, *, counted: bool) -> tuple[Any, ...]:
    """The columns of `bulk.ROW` for one row, as long as PostgreSQL keeps them."""
    return (
        digest,
        cloud_id,
        kind(row),
        counted,
        row.github_com_login,
        row.github_com_name[:255],
        row.github_com_user,
        row.enterprise_server_user,
        row.visual_studio_subscription_user,
        row.license_type[:40],
        row.github_com_profile[:400],
        bulk.document(row.github_com_member_roles),
        bulk.document(row.github_com_enterprise_roles),
        bulk.document(row.github_com_verified_domain_emails),
        row.github_com_saml_name_id[:320],
        bulk.document(row.github_com_orgs_with_pending_invites),
        row.github_com_two_factor_auth,
        bulk.document(row.enterprise_server_user_ids),
        bulk.document(row.enterprise_server_emails),
        bulk.document(sorted({email_key(email) for email in row.enterprise_server_emails} - {""})),
        row.visual_studio_license_status[:40],
        row.visual_studio_subscription_email[:320],
        row.total_user_accounts,
        sort_key(row),
    )


def kind(row: LicenseRow) -> str:
    """Return the deployment of a row as GitHub's pages group it: cloud, both, server or invitation."""
    if consumption.row_kind(consumption.row_facts(row)) == "invitation":
        return "invitation"
    if not cloud.login_key(row):
        return "server"
    return "both" if row.enterprise_server_user_ids else "cloud"


def sort_key(row: LicenseRow) -> str:
    """Return what lists are ordered by: the name, else the login, else the first address or account."""
    shown = row.github_com_name or row.github_com_login or next(iter(row.enterprise_server_emails), "")
    return (shown or next(iter(row.enterprise_server_user_ids), "")).lower()[:255]


def _picture(run: SyncRun, enterprise: Enterprise) -> None:
    facts: dict[str, Any] = dict(
        zip(
            ("rows", "rows_counted", "members", "members_with_identity"),
            bulk.row_totals(enterprise.pk),
            strict=True,
        )
    )
    if run.counts.get("identities") == "read":
        facts["identities_at"] = run.observed_at
    freshness.succeeded(run, changed=False, rows_at=run.observed_at, **facts)
    CloudPicture.objects.filter(enterprise=enterprise).update(last_success=clock.now(enterprise))
