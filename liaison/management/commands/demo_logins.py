"""Say who may log in to the demonstration, and what each of them should look at."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from core.models import Clock
from intake.models import ConstituentRequest
from liaison.demo.people import PASSWORD

LOOK_AT = {
    "clerk": "待分派、来访登记、待回访：/desk/requests/",
    "head": "站长看到的同一张桌子",
    "town": "石桥镇：改派、批准延期",
    "county": "全县；超期自动上报的到这里；数据维护：/admin/",
    "officer": "县城市管理局写答复：/unit/",
    "chief": "签发答复：/unit/",
    "rep": "代表工作台，用手机宽度看：/my/",
    "leader": "总览：/overview/",
    "auditor": "只看历史和查看记录",
    "security": "只管账号和角色",
    "sysadmin": "只管基础资料，看不到个人信息",
}


class Command(BaseCommand):
    help = "Print the demo's log-ins and a few numbers to look up."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("There are no demo log-ins in production.")
        users = {user.username: user for user in User.objects.filter(username__in=LOOK_AT)}
        if len(users) < len(LOOK_AT):
            self.stdout.write("没有演示账号：先运行 python3 dev.py manage seed_demo")
            return
        self.stdout.write(f"登录 {settings.SITE_URL}/login/ ，密码都是 {PASSWORD}")
        for name, what in LOOK_AT.items():
            user = users[name]
            self.stdout.write(f"  {name:<9} {user.display_name}，{user.title}：{what}")
        self._to_track()
        self._about_to_climb()

    def _to_track(self) -> None:
        """A case to rate and one under way, as a resident would look them up."""
        for state, words in (("told", "等您评价"), ("assigned", "正在办")):
            case = (
                ConstituentRequest.objects.filter(state=state).exclude(phone_index="").order_by("-pk").first()
            )
            if case is not None:
                self.stdout.write(
                    f"查进度 {settings.SITE_URL}/track/ ：{case.reference}，手机后四位 {case.contact_phone[-4:]}（{words}）"
                )

    def _about_to_climb(self) -> None:
        """What the worker will escalate by itself within minutes: watch it happen."""
        soon = Clock.objects.running().filter(name="request.contact", next_check_at__gt=timezone.now())
        for clock in soon.order_by("next_check_at")[:2]:
            case = ConstituentRequest.objects.get(pk=clock.case_id)
            at = timezone.localtime(clock.next_check_at)
            self.stdout.write(
                f"{at:%H:%M:%S} 后台会自己催办：{case.reference} {case.title}（看 county、town 的消息）"
            )
