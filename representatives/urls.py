from django.urls import path

app_name = "representatives"

urlpatterns: list[path] = []
