"""The product as the benches serve it: the site's own WSGI door, with limits that count and never end a run."""

from __future__ import annotations

from liaison.wsgi import application

__all__ = ["application"]

NO_END = 10**9


def _lift() -> None:
    # Not before the application is loaded. The limits cost what they cost.
    from core.throttle import Limit
    from intake import api

    api.BY_STATION = Limit("bench.station", NO_END, 60)
    api.ReceiveView.throttle_limit = Limit("bench.address", NO_END, 60)


_lift()
