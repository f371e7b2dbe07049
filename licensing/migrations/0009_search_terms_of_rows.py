# Written by hand: terms of the persons that were published before there were any.

from itertools import islice
from typing import Any

from django.db import migrations

from licensing.rules.terms import terms

BATCH = 1000


def fill(apps: Any, schema_editor: Any) -> None:
    """Read GitHub's rows by so many: memory does not grow with them."""
    using = schema_editor.connection.alias
    rows, people, found = (apps.get_model("licensing", name) for name in ("LicenseRow", "Person", "SearchTerm"))
    lists = ("github_com_member_roles", "github_com_enterprise_roles", "github_com_orgs_with_pending_invites")
    columns = rows.objects.using(using).filter(person_id__isnull=False).values_list("enterprise_id", "person_id", *lists)
    left = columns.order_by("pk").iterator(BATCH)
    while batch := list(islice(left, BATCH)):
        ids = [row[1] for row in batch]
        names = dict(people.objects.using(using).filter(pk__in=ids, ended_edition=None).values_list("pk", "name"))
        found.objects.using(using).bulk_create(
            (
                found(enterprise_id=enterprise, person_id=person, term=term)
                for enterprise, person, *told in batch
                if person in names
                for term in terms(names[person], *told)
            ),
            batch_size=BATCH,
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):

    dependencies = [
        ("licensing", "0008_search_terms"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
