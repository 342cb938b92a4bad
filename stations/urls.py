from django.urls import path

from stations import views

app_name = "stations"

urlpatterns = [
    path("stations/", views.finder, name="list"),
    path("stations/near/", views.near, name="near"),
    path("stations/<slug:code>/", views.detail, name="detail"),
    path("stations/<slug:code>/receptions/", views.receptions, name="receptions"),
    path("stations/<slug:code>/representatives/", views.representatives, name="representatives"),
    path("stations/<slug:code>/poster/", views.poster, name="poster"),
    path("stations/<slug:code>/card/", views.stall_card, name="card"),
    path("stations/<slug:code>/qr.svg", views.qr_svg, name="qr-svg"),
    path("stations/<slug:code>/qr.png", views.qr_png, name="qr-png"),
    path("s/<slug:code>", views.short, name="short"),
]
