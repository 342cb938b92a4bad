"""The registers of the stations, in from sheets as offices keep them."""

from stations.sheets.days import ReceptionResource
from stations.sheets.people import RepresentativeResource, cells_of, mandates_of
from stations.sheets.places import StationResource
from stations.sheets.staff import StaffResource

__all__ = [
    "ReceptionResource",
    "RepresentativeResource",
    "StaffResource",
    "StationResource",
    "cells_of",
    "mandates_of",
]
