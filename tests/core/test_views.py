from __future__ import annotations

import errno
import hashlib

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.test import RequestFactory
from django.urls import reverse

from core import files, views
from core.images import store_bytes
from core.middleware import DatabaseDownMiddleware
from core.models import Attachment

JPEG = b"\xff\xd8\xff\xe0 not really a picture"


class TestReadingSize:
    def post(self, client, **data):
        return client.post(reverse("core:size"), data)

    def test_a_post_sets_the_cookie_and_goes_back(self, client):
        answer = self.post(client, size="2", next="/stations/?q=石桥")
        assert (answer.status_code, answer["Location"]) == (303, "/stations/?q=%E7%9F%B3%E6%A1%A5")
        cookie = answer.cookies["size"]
        assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("2", "Lax", True)

    def test_the_standard_size_needs_no_cookie(self, client):
        client.cookies["size"] = "3"
        answer = self.post(client, size="0")
        assert answer.cookies["size"]["max-age"] == 0

    @pytest.mark.parametrize("size", ["4", "-1", "x", "1; path=/", ""])
    def test_nothing_else_is_remembered(self, client, size):
        assert self.post(client, size=size).cookies["size"].value == ""

    @pytest.mark.parametrize(
        "back", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"]
    )
    def test_it_leads_nowhere_else(self, client, back):
        assert self.post(client, size="1", next=back)["Location"] == "/"

    def test_another_site_may_not_change_it(self, client):
        answer = client.post(reverse("core:size"), {"size": "1"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
        assert "size" not in answer.cookies

    def test_a_get_changes_nothing(self, client):
        assert client.get(reverse("core:size"), {"size": "1"}).status_code == 405

    def test_pages_are_drawn_in_the_size_of_the_cookie(self, client):
        client.cookies["size"] = "3"
        page = client.get("/no-such-page/").content.decode()
        assert 'data-size="3"' in page
        assert "大字，现在是超大字" in page

    def test_a_made_up_cookie_is_ignored(self, client):
        client.cookies["size"] = '9"><script>'
        assert "data-size=" not in client.get("/no-such-page/").content.decode()


class TestProblems:
    @pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 429, 507])
    def test_every_problem_has_a_page_with_words_a_way_on_and_the_phone(self, rf, status):
        answer = views.problem_page(rf.get("/"), status)
        page = answer.content.decode()
        assert answer.status_code == status
        assert str(views.PROBLEMS[status]).removeprefix("没有这一页。").rstrip("。") in page
        assert 'href="tel:00005550120"' in page
        assert "回首页" in page

    def test_too_many_tries_says_how_many_minutes(self, rf):
        answer = views.problem_page(rf.get("/"), 429, minutes=15)
        assert "请 15 分钟后再来，或打电话" in answer.content.decode()
        assert answer["Retry-After"] == "900"

    def test_scripts_get_json(self, rf):
        answer = views.problem_page(rf.get("/", headers={"accept": "application/json"}), 404)
        assert answer["Content-Type"] == "application/problem+json"
        assert "没有这一页".encode() not in answer.content  # ASCII-escaped
        assert answer.headers["Vary"] == "Accept"

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
    def test_a_disk_without_room_is_told_as_such(self, rf, code):
        answer = DatabaseDownMiddleware(None).process_exception(rf.post("/"), OSError(code, "no room"))
        assert answer.status_code == 507
        assert "存不下照片" in answer.content.decode()

    def test_another_trouble_with_a_file_is_not_taken_for_it(self, rf):
        assert (
            DatabaseDownMiddleware(None).process_exception(rf.post("/"), FileNotFoundError(2, "gone")) is None
        )

    def test_a_page_that_does_not_exist_costs_no_query_and_sets_no_cookie(self, client):
        answer = client.get("/no-such-page/")
        assert answer.status_code == 404
        assert not answer.cookies

    @pytest.mark.django_db
    def test_forbidden_names_who_is_signed_in(self, county, sign_in, rf):
        request = rf.get("/")
        request.user = county.clerk
        page = views.forbidden(request, PermissionDenied()).content.decode()
        assert "您登录的是：<b>李静</b>" in page

    def test_handlers_choose_their_page(self, rf):
        request = rf.get("/")
        assert views.bad_request(request, ValueError()).status_code == 400
        assert views.bad_request(request, RequestDataTooBig()).status_code == 413
        assert views.forbidden(request, PermissionDenied()).status_code == 403
        assert views.not_found(request, Http404()).status_code == 404
        assert "页面放得太久了" in views.csrf_failure(request).content.decode()

    def test_the_last_page_needs_neither_request_nor_database(self):
        answer = views.server_error(RequestFactory().get("/"))
        assert answer.status_code == 500
        assert "系统出了点问题" in answer.content.decode()
        assert "0000-555-0120" in answer.content.decode()

    def test_an_unexpected_error_ends_on_the_last_page(self, client, monkeypatch):
        def broken(*args, **kwargs):
            raise RuntimeError

        monkeypatch.setattr(views, "may_see", broken)
        client.raise_request_exception = False
        monkeypatch.setattr(views, "get_object_or_404", lambda *args, **kwargs: None)
        answer = client.get(reverse("core:file", args=["x"]))
        assert answer.status_code == 500
        assert "我们已经知道" in answer.content.decode()


@pytest.mark.django_db
class TestPrivateFiles:
    @pytest.fixture
    def photo(self, settings, tmp_path, county):
        settings.PRIVATE_ROOT = tmp_path
        case = county.receive()
        return Attachment.objects.create(
            case_label=case.label,
            case_id=case.pk,
            path=store_bytes(JPEG),
            sha256=hashlib.sha256(JPEG).hexdigest(),
            size=len(JPEG),
        )

    def url(self, photo):
        return reverse("core:file", args=[photo.public_id])

    def test_a_stranger_is_told_there_is_no_such_file(self, client, photo):
        assert client.get(self.url(photo)).status_code == 404
        assert client.get(reverse("core:file", args=["nosuchfile"])).status_code == 404

    def test_who_may_see_the_case_may_see_its_files(self, county, sign_in, photo):
        assert b"".join(sign_in(county.clerk).get(self.url(photo)).streaming_content) == JPEG
        assert sign_in(county.foreign_office).get(self.url(photo)).status_code == 404
        assert sign_in(county.sysadmin).get(self.url(photo)).status_code == 404

    def test_a_public_file_is_for_everybody_and_sets_no_cookie(self, client, photo):
        Attachment.objects.filter(pk=photo.pk).update(is_public=True)
        answer = client.get(self.url(photo))
        assert b"".join(answer.streaming_content) == JPEG
        assert not answer.cookies

    def test_the_browser_is_told_to_run_nothing_and_to_ask_again(self, county, sign_in, photo):
        answer = sign_in(county.clerk).get(self.url(photo))
        answer.close()
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].startswith("sandbox")
        assert answer["Cache-Control"] == "private, no-cache"
        assert answer["Content-Disposition"] == f'inline; filename="{photo.public_id}.jpg"'

    def test_what_the_browser_has_is_not_sent_again_but_only_to_who_may_see_it(
        self, county, sign_in, client, photo
    ):
        known = {"if-none-match": f'"{photo.sha256}"'}
        assert sign_in(county.clerk).get(self.url(photo), headers=known).status_code == 304
        assert client.get(self.url(photo), headers=known).status_code == 404

    def test_anything_but_a_picture_is_downloaded(self, county, sign_in, photo):
        Attachment.objects.filter(pk=photo.pk).update(content_type="text/html")
        answer = sign_in(county.clerk).get(self.url(photo))
        answer.close()
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")

    def test_a_row_without_its_file_is_no_error(self, county, sign_in, photo):
        Attachment.objects.filter(pk=photo.pk).update(path="../../etc/passwd")
        assert sign_in(county.clerk).get(self.url(photo)).status_code == 404

    def test_a_file_of_no_case_is_nobodys(self, county, sign_in, photo):
        Attachment.objects.filter(pk=photo.pk).update(case_id=None)
        assert sign_in(county.clerk).get(self.url(photo)).status_code == 404

    def test_the_owner_of_the_case_may_set_another_rule(self, client, photo, monkeypatch):
        monkeypatch.setattr(files, "_rules", {})
        files.register(photo.case_label, lambda request, attachment: request.COOKIES.get("key") == "7")
        assert client.get(self.url(photo)).status_code == 404
        client.cookies["key"] = "7"
        answer = client.get(self.url(photo))
        answer.close()
        assert answer.status_code == 200
