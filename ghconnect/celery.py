"""The Celery application; settings come from Django's, prefix CELERY_."""

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghconnect.settings")

app = Celery("ghconnect")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect(weak=False)
@signals.beat_init.connect(weak=False)
def _starts(**_: Any) -> None:
    """Neither worker nor dispatcher starts with keys that open nothing."""
    from ghconnect.key_check import refuse_wrong_key

    refuse_wrong_key()


@signals.worker_ready.connect(weak=False)
@signals.heartbeat_sent.connect(weak=False)
def _lives(**_: Any) -> None:
    """Each beat of the worker's heart is a sign of life that health, doctor and metrics read."""
    from ghconnect import vitals

    vitals.mark("worker")
