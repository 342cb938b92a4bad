from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("login/", views.log_in, name="login"),
    path("logout/", views.log_out, name="logout"),
    path("enrol/<str:token>/", views.enrol, name="first-password"),
    path("account/", views.account, name="account"),
    path("account/password/", views.password, name="password"),
    path("account/second-factor/", views.second_factor, name="second-factor"),
    path("account/second-factor/new/", views.set_up_second_factor, name="enrol"),
    path("account/recovery-codes/", views.recovery_codes, name="recovery-codes"),
    path("account/sessions/<int:pk>/end/", views.end_session, name="end-session"),
]
