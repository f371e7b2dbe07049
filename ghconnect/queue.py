"""Sends a task by name, after commit: use cases never import tasks."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from . import faults, limits

log = logging.getLogger(__name__)


def send(name: str, **ids: int) -> None:
    """Ring the broker for task `name` with `ids` once the transaction has committed.

    A broker that is down is only a bell that did not ring: the dispatcher finds the row and sends again.
    """

    def ring() -> None:  # a partial has no name, which Django says when a bell breaks
        _ring(name, ids)

    transaction.on_commit(ring, robust=True)


def _ring(name: str, ids: dict[str, int]) -> None:
    faults.at("ring:before")
    if not limits.answers():
        log.warning("broker is away; the dispatcher will send %s %s again", name, ids)
        return
    try:
        current_app.send_task(name, kwargs=ids, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("broker did not take %s %s: %s; the dispatcher will send it again", name, ids, error)
