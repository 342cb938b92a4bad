"""The public door, the desks, the units and the quick register."""

from django.urls import URLPattern

app_name = "intake"

# --- public: residents, no account
PUBLIC: list[URLPattern] = []

# --- desks: station and office staff
DESK: list[URLPattern] = []

# --- units: whoever answers
UNIT: list[URLPattern] = []

# --- quick: representatives at a stall
QUICK: list[URLPattern] = []

urlpatterns = [*PUBLIC, *DESK, *UNIT, *QUICK]
