"""gunicorn's settings, the same for `dev.py up` and the container: `gunicorn -c python:liaison.webserver`."""

import os

wsgi_app = "liaison.wsgi:application"
bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
# Application and tables of constants are loaded once and shared by the workers.
preload_app = True
timeout = 30
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_SECONDS", "30"))
keepalive = 5
# A leak never grows for long; the jitter keeps the workers from restarting together.
max_requests = 5000
max_requests_jitter = 500
# The heartbeat file of a worker must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Paths can carry private links, so requests are logged by the application, which masks them.
accesslog = None
errorlog = "-"
proc_name = "liaison"
