from django.urls import path

from reports.views import metrics, my, overview, public, status

app_name = "reports"

urlpatterns = [
    # --- everybody
    path("", public.resident_home, name="home"),
    path("preferences/station/", public.choose_station, name="choose-station"),
    path("results/", public.results, name="results"),
    path("statistics/", public.statistics, name="statistics"),
    path("statistics.csv", public.statistics_csv, name="statistics-csv"),
    path("help/", public.help_page, name="help"),
    path("privacy/", public.privacy, name="privacy"),
    path("accessibility/", public.accessibility, name="accessibility"),
    path("how-we-count/", public.how_we_count, name="how-we-count"),
    # --- representatives
    path("my/", my.today, name="my"),
    path("my/cases/", my.cases, name="my-cases"),
    path("my/cases/<slug:public_id>/", my.case, name="my-case"),
    path("my/cases/<slug:public_id>/contact/", my.case_contact, name="my-case-contact"),
    path("my/cases/<slug:public_id>/<slug:verb>/", my.case_step, name="my-case-step"),
    path("my/schedule/", my.schedule, name="my-schedule"),
    path("my/schedule.ics", my.schedule_file, name="my-schedule-file"),
    path("my/record/", my.record, name="my-record"),
    # --- leaders and offices
    path("overview/", overview.overview, name="overview"),
    path("overview/places.<str:form>", overview.overview_table, name="overview-table"),
    # --- everybody signed in
    path("my/messages/", my.letters, name="my-messages"),
    path("messages/", my.letters, name="messages"),
    path("messages/read/", my.read_all, name="messages-read"),
    path("messages/<int:pk>/", my.open_letter, name="message"),
    # --- those who run the site
    path("status/", status.status, name="status"),
    path("metrics", metrics.metrics, name="metrics"),
]
