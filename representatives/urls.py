from django.urls import path

from representatives import views

app_name = "representatives"

urlpatterns = [
    path("representatives/", views.people, name="list"),
    path("representatives/<slug:public_id>/", views.person, name="detail"),
    path("r/<slug:public_id>", views.short, name="short"),
]
