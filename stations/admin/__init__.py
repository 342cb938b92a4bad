"""Stations, the people at them and their days, in the admin."""

from stations.admin import days, people, places

__all__ = ["days", "people", "places"]
