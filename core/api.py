"""What every API door shares: strict JSON, log-in, pagination by key, errors that name the field."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, pagination, parsers
from rest_framework.response import Response

from core.workflow import NotAllowed, WorkflowError


class SessionAuthentication(authentication.SessionAuthentication):
    """The site's own log-in, with its CSRF check; 401 rather than 403 when there is none."""

    def authenticate_header(self, request: Any) -> str:
        return "Session"


class TokenAuthentication(authentication.TokenAuthentication):
    """`Authorization: Bearer …` for other systems of the county."""

    keyword = "Bearer"


class _SessionScheme(OpenApiAuthenticationExtension):
    target_class = "core.api.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "session"}


class _TokenScheme(OpenApiAuthenticationExtension):
    target_class = "core.api.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"duplicate key {name}")
        found[name] = value
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Written as an escape JSON lets it through; no encoding can carry it, not even the answer that would name it.
_HALF = re.compile("[\ud800-\udfff]")


class StrictJSONParser(parsers.JSONParser):
    """JSON as the standard has it: an object, no duplicate keys, no NaN, no half characters, at most 256 KB."""

    LIMIT = 256 * 1024

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        raw = stream.read(self.LIMIT + 1)
        if len(raw) > self.LIMIT:
            raise exceptions.ParseError("内容太大，最多 256 KB。")
        try:
            parsed = json.loads(
                raw.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant
            )
            half = _HALF.search(json.dumps(parsed, ensure_ascii=False))
        except (ValueError, RecursionError) as problem:
            raise exceptions.ParseError("请求内容不是规范的 JSON。") from problem
        if not isinstance(parsed, dict):
            raise exceptions.ParseError("请求内容要是一个 JSON 对象。")
        if half is not None:
            raise exceptions.ParseError("请求内容里有半个字符（单独的代理项），请改正编码。")
        return parsed


class KeysetPagination(pagination.CursorPagination):
    """Lists as `{results, next, previous}`: by key, so the last page costs what the first does."""

    ordering = "-id"
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results"],
            "properties": {
                "next": {"type": "string", "nullable": True, "format": "uri"},
                "previous": {"type": "string", "nullable": True, "format": "uri"},
                "results": schema,
            },
        }


def problem_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """RFC 9457: `{type, title, status, errors: {field: [reason]}}`."""
    if isinstance(error, WorkflowError):
        return problem(403 if isinstance(error, NotAllowed) else 409, error.message)
    # DRF's views read these very classes while they are imported.
    from rest_framework.views import exception_handler

    response = exception_handler(error, context)
    if response is None:
        return None
    title, errors = _words(error)
    code = 422 if isinstance(error, exceptions.ValidationError) else response.status_code
    answer = problem(code, title, errors)
    for name in ("Retry-After", "WWW-Authenticate", "Allow"):
        if name in response:
            answer[name] = response[name]
    return answer


def _words(error: Exception) -> tuple[str, Any]:
    """What is wrong in a sentence, and by field where fields are to blame."""
    if isinstance(error, Http404):
        return "没有这一项，或您不能看。", {}
    if isinstance(error, PermissionDenied):
        return "您没有权限。", {}
    if isinstance(error, exceptions.ValidationError):
        return "有内容要改。", error.detail
    if isinstance(error, exceptions.Throttled):
        return f"试得太多了，请 {int(getattr(error, 'wait', None) or 60)} 秒后再来。", {}
    return str(getattr(error, "detail", error)), {}


def problem(code: int, title: str, errors: Any = None) -> Response:
    body = {"type": "about:blank", "title": title, "status": code}
    if errors:
        body["errors"] = errors if isinstance(errors, dict) else {"": errors}
    return Response(body, status=code, content_type="application/problem+json")
