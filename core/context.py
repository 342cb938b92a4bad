"""Words every page needs: whose portal this is."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, dict[str, str]]:
    return {
        "site": {"brand": settings.SITE_BRAND, "owner": settings.SITE_OWNER, "phone": settings.SITE_PHONE}
    }
