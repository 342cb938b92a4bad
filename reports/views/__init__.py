"""Doors of reports: the public pages, the representative's own, the leaders' overview."""
