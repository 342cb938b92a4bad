"""The roof: settings, root URLs, the Celery app, the admin site."""

from liaison.celery import app as celery_app

__all__ = ["celery_app"]
