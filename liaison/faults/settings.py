"""The site's own settings, and the one app that can take a lock away: for the drivers' processes, never for a site."""

from liaison.settings import *  # noqa: F403, TID251
from liaison.settings import INSTALLED_APPS as OURS  # noqa: TID251

INSTALLED_APPS = [*OURS, "liaison.faults.patches.FaultsConfig"]
