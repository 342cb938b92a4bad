"""Every right in the house, one enum. Roles hold sets of these (`roles.py`); doors ask `access.py`."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(models.TextChoices):
    # 群众诉求
    REQUEST_VIEW = "request.view", _("查看群众诉求")
    REQUEST_RECEIVE = "request.receive", _("登记来访来电")
    REQUEST_REGISTER = "request.register", _("受理登记")
    REQUEST_TRIAGE = "request.triage", _("分类分办")
    REQUEST_ASSIGN = "request.assign", _("交办、改派")
    REQUEST_ESCALATE = "request.escalate", _("上报、下交")
    REQUEST_REPLY = "request.reply", _("办理答复")
    REQUEST_SIGN = "request.sign", _("签发答复")
    REQUEST_FEEDBACK = "request.feedback", _("反馈群众、回访")
    REQUEST_CLOSE = "request.close", _("办结、归档")
    REQUEST_MERGE = "request.merge", _("合并、拆分")
    REQUEST_EXTEND = "request.extend", _("批准延期")
    REQUEST_FOLLOW = "request.follow", _("代表跟进")
    REQUEST_EXPORT = "request.export", _("导出群众诉求")
    PERSONAL_REVEAL = "personal.reveal", _("查看完整联系方式")
    # 家站点、代表
    STATION_VIEW = "station.view", _("查看家站点")
    STATION_MANAGE = "station.manage", _("维护家站点")
    RECEPTION_MANAGE = "reception.manage", _("安排接待日")
    REPRESENTATIVE_VIEW = "representative.view", _("查看代表")
    REPRESENTATIVE_MANAGE = "representative.manage", _("维护代表信息")
    REGISTRY_IMPORT = "registry.import", _("批量导入名册")
    # 基础资料
    REFERENCE_VIEW = "reference.view", _("查看基础资料")
    AREA_MANAGE = "area.manage", _("维护行政区划")
    UNIT_MANAGE = "unit.manage", _("维护承办单位")
    CATEGORY_MANAGE = "category.manage", _("维护分类")
    CALENDAR_MANAGE = "calendar.manage", _("维护工作日历")
    RULES_MANAGE = "rules.manage", _("维护规则包")
    # 人员、系统
    USER_MANAGE = "user.manage", _("维护用户")
    ROLE_GRANT = "role.grant", _("授予角色")
    SECOND_FACTOR_RESET = "second_factor.reset", _("重置第二验证")
    HISTORY_VIEW = "history.view", _("查看历史")
    ACCESS_LOG_VIEW = "access_log.view", _("查看个人信息调阅记录")
    MESSAGE_VIEW = "message.view", _("查看消息发送情况")
    SYSTEM_STATUS = "system.status", _("查看运行状态")
    # 统计
    OVERVIEW_VIEW = "overview.view", _("查看总览")
