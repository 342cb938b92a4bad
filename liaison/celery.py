"""The Celery app and the whole beat schedule."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liaison.settings")

app = Celery("liaison")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["core", "accounts"])

# Each job computes from state: a tick missed is caught up by the next. A tick nobody took in time is not worth running.
app.conf.beat_schedule = {
    "heartbeat": {"task": "core.tasks.beat_heartbeat", "schedule": 5.0, "options": {"expires": 5}},
    "deliver-messages": {"task": "core.tasks.deliver_messages", "schedule": 5.0, "options": {"expires": 5}},
    "sweep-deadlines": {"task": "core.tasks.sweep_deadlines", "schedule": 15.0, "options": {"expires": 15}},
    "recompute-deadlines": {
        "task": "core.tasks.recompute_deadlines",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "write-exports": {"task": "core.tasks.write_exports", "schedule": 60.0, "options": {"expires": 60}},
    "purge-personal-data": {
        "task": "core.tasks.purge_personal_data",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 3600},
    },
    "forget-log-ins": {
        "task": "accounts.tasks.forget_log_ins",
        "schedule": crontab(hour=3, minute=40),
        "options": {"expires": 3600},
    },
}
