"""A container's health: `python -m liaison.health web` or `heart`. Light: it runs every few seconds."""

from __future__ import annotations

import os
import sys
import urllib.request
from urllib.parse import urlsplit

HEART_SECONDS = 60


def web() -> bool:
    """This container's web server answers when asked by the site's own name; it refuses every other."""
    port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")[2]
    name = urlsplit(os.environ["SITE_URL"]).netloc
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": name})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(asked, timeout=4) as answer:
            return answer.status == 200
    except OSError:
        return False


def heart() -> bool:
    """A heartbeat that beat scheduled and a worker ran is young; it takes both, so it checks both."""
    import psycopg2

    try:
        connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=4)
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT at > now() - make_interval(secs => %s) FROM core_heartbeat WHERE name = 'beat'",
                [HEART_SECONDS],
            )
            row = cursor.fetchone()
            return row is not None and row[0]
    except psycopg2.Error:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if {"web": web, "heart": heart}[sys.argv[1]]() else 1)
