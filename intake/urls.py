"""The public door, the desks, the units and the quick register."""

from django.urls import URLPattern, path

from core.publicdoor import public_form
from intake.views import desk, quick, unit
from intake.views.public import following, handing_in, offline, writing

app_name = "intake"

# --- public: residents, no account
PUBLIC: list[URLPattern] = [
    path("requests/new/1/", public_form(writing.Say.as_view()), name="new"),
    path("requests/new/2/", public_form(writing.Where.as_view()), name="new-where"),
    path("requests/new/3/", public_form(writing.HowToReach.as_view()), name="new-contact"),
    path("requests/new/check/", handing_in.check, name="new-check"),
    path("requests/new/similar/", writing.look_alike, name="similar"),
    path("requests/new/photos/<str:public_id>/", writing.draft_photo, name="draft-photo"),
    path("requests/submit/", handing_in.submit, name="submit"),
    path("requests/received/", following.received, name="received"),
    path("requests/queued/", offline.queued, name="queued"),
    path("offline/", offline.offline, name="offline"),
    path("sw.js", offline.service_worker, name="service-worker"),
    path("track/", following.track, name="track"),
    path("t", following.short_track),
    path("t/", following.short_track),
    # The code is the key to the case: these paths are never logged.
    path("t/<str:code>", following.case, name="case"),
    path("t/<str:code>/", following.case),
    path("t/<str:code>/receipt", following.receipt, name="receipt"),
    path("t/<str:code>/print", following.printed, name="case-print"),
    path("t/<str:code>/photos/<str:public_id>", following.case_photo, name="case-photo"),
    path("t/<str:code>/photos", following.more_photos, name="case-photos"),
    path("t/<str:code>/rating", following.rate, name="case-rate"),
    path("t/<str:code>/answer", following.reply, name="case-answer"),
    path("t/<str:code>/more", following.say_more, name="case-more"),
    path("t/<str:code>/withdrawal", following.withdraw, name="case-withdraw"),
]

# --- desks: station and office staff
DESK: list[URLPattern] = [
    path("desk/requests/", desk.desk, name="desk"),
    path("desk/requests/new/", desk.counter, name="counter"),
    path("desk/requests/filter/", desk.desk_filter, name="desk-filter"),
    path("desk/requests/phone/", desk.lookup, name="lookup"),
    path("desk/requests/pulse/", desk.pulse, name="pulse"),
    path("desk/requests/export/", desk.export, name="export"),
    path("desk/requests/batch/<slug:verb>/", desk.batch, name="batch"),
    path("desk/requests/<slug:public_id>/", desk.case_page, name="request"),
    path("desk/requests/<slug:public_id>/steps/<slug:verb>/", desk.take_step, name="step"),
    path("desk/requests/<slug:public_id>/steps/<slug:verb>/draft/", desk.keep_draft, name="draft"),
    path("desk/requests/<slug:public_id>/contact/", desk.reveal, {"part": "contact"}, name="reveal"),
    path("desk/requests/<slug:public_id>/numbers/", desk.reveal, {"part": "numbers"}, name="reveal-numbers"),
    path("desk/requests/<slug:public_id>/slip/", desk.slip, name="slip"),
    path("desk/requests/<slug:public_id>/presence/", desk.presence, name="presence"),
    path("desk/callbacks/", desk.callbacks, name="callbacks"),
    path("desk/callbacks/<slug:public_id>/", desk.callbacks, name="callback"),
]

# --- units: whoever answers
UNIT: list[URLPattern] = [
    path("unit/", unit.unit_desk, name="unit-desk"),
    path("unit/replies/<slug:public_id>/", unit.unit_reply, name="unit-reply"),
    path("unit/replies/<slug:public_id>/draft/", unit.unit_draft, name="unit-draft"),
    path("unit/replies/<slug:public_id>/photos/", unit.unit_photos, name="unit-photos"),
    path("unit/replies/<slug:public_id>/preview/", unit.unit_preview, name="unit-preview"),
    path("unit/replies/<slug:public_id>/steps/<slug:verb>/", unit.unit_step, name="unit-step"),
]

# --- quick: representatives at a stall
QUICK: list[URLPattern] = [
    path("my/quick/", quick.quick, name="quick"),
    path("my/quick/<slug:public_id>/slip/", quick.slip, name="quick-slip"),
]

urlpatterns = [*PUBLIC, *DESK, *UNIT, *QUICK]
