"""The WSGI door of the bare project."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "liaison.bench.bare.settings"
application = get_wsgi_application()
