from django.urls import path

from liaison.bench.bare import views

urlpatterns = [
    path("requests/", views.ReceiveView.as_view()),
    path("cases/<str:code>/", views.case),
    path("list/<int:station>/", views.listed),
]
