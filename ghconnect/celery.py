"""The Celery application; settings come from Django's, prefix CELERY_."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghconnect.settings")

app = Celery("ghconnect")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
