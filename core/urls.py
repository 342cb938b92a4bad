from django.urls import path

from core import views
from core.publicdoor import public_form

app_name = "core"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    # Guarded here: publicdoor itself needs the error pages of core.views.
    path("preferences/size/", public_form(views.set_size), name="size"),
    path("files/<str:public_id>/", views.private_file, name="file"),
]
