"""Decide everybody of an enterprise again in one edition: a contract, a setting or a rule changed."""

from __future__ import annotations

from django.db import transaction

from ghconnect.models import Enterprise
from ghconnect.records import LicenseRow as Record
from ghconnect.usecases import enterprises
from licensing.models import CloudPicture, Edition, LicenseRow, bulk
from licensing.rules import consumption, version

from . import editions, estate, rematch


@transaction.atomic
def everything(*, enterprise: Enterprise, cause: str) -> Edition:
    """Match, count and judge all accounts, rows and persons again; returns the edition that says so.

    When only what was decided before stands, this changes nothing but the number of the edition.
    """
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    enterprises.take_next(enterprise=enterprise)
    Enterprise.objects.filter(pk=enterprise.pk).update(rules_version=version.RULES_VERSION)
    count_rows(enterprise)
    bulk.open_scratch()
    bulk.mark_everything(enterprise.pk)
    rematch.rematch(estate.estate(enterprise, enterprise.edition + 1, None))
    return editions.publish(enterprise, cause=cause)


def count_rows(enterprise: Enterprise) -> None:
    """Say again which of GitHub's rows count."""
    changed, managed = [], CloudPicture.managed(enterprise)
    for row in LicenseRow.objects.filter(enterprise=enterprise).iterator():
        contract = enterprise.contract or consumption.VOLUME
        counted = consumption.row_counts(_facts(row), contract, managed).consumes
        if counted != row.counted:
            row.counted = counted
            changed.append(row)
    LicenseRow.objects.bulk_update(changed, ["counted"], batch_size=bulk.BATCH)


def _facts(row: LicenseRow) -> consumption.RowFacts:
    return consumption.row_facts(
        Record(
            github_com_login=row.github_com_login,
            github_com_name=row.github_com_name,
            enterprise_server_user_ids=tuple(row.enterprise_server_user_ids),
            github_com_user=row.github_com_user,
            enterprise_server_user=row.enterprise_server_user,
            visual_studio_subscription_user=row.visual_studio_subscription_user,
            license_type=row.license_type,
            github_com_member_roles=tuple(row.github_com_member_roles),
            github_com_orgs_with_pending_invites=tuple(row.github_com_orgs_with_pending_invites),
        )
    )
