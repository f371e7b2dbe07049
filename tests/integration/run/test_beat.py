"""What beat sends is only "look now": while no worker runs it must not pile up."""

from __future__ import annotations

import json

import pytest
import redis
from celery.beat import Scheduler
from django.conf import settings

from ghconnect.celery import app

QUEUE = settings.CELERY_TASK_DEFAULT_QUEUE


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_what_beat_sends_is_forgotten_when_nobody_came_for_it(name: str, broker: None) -> None:
    line = redis.Redis.from_url(settings.REDIS_URL)
    line.delete(QUEUE)
    scheduler = Scheduler(app)
    scheduler.apply_async(scheduler.schedule[name])
    (message,) = line.lrange(QUEUE, 0, -1)
    headers = json.loads(message)["headers"]
    assert headers["task"] == settings.CELERY_BEAT_SCHEDULE[name]["task"]
    assert headers["expires"]
    line.delete(QUEUE)
