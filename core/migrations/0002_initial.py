

import core.codes
import core.models.rules
import core.privacy
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_engine'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True, verbose_name='日期')),
                ('is_workday', models.BooleanField(verbose_name='上班')),
                ('name', models.CharField(blank=True, help_text='例如“国庆节”“国庆节调休上班”。', max_length=40, verbose_name='说明')),
                ('source', models.CharField(help_text='例如“国办发明电〔2026〕 号”。', max_length=120, verbose_name='依据')),
            ],
            options={
                'verbose_name': '工作日历',
                'verbose_name_plural': '工作日历',
                'ordering': ['day'],
            },
        ),
        migrations.CreateModel(
            name='CalendarDayEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('day', models.DateField(verbose_name='日期')),
                ('is_workday', models.BooleanField(verbose_name='上班')),
                ('name', models.CharField(blank=True, help_text='例如“国庆节”“国庆节调休上班”。', max_length=40, verbose_name='说明')),
                ('source', models.CharField(help_text='例如“国办发明电〔2026〕 号”。', max_length=120, verbose_name='依据')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case_label', models.CharField(max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(verbose_name='办件')),
                ('name', models.CharField(max_length=40, verbose_name='期限名称')),
                ('round', models.PositiveSmallIntegerField(default=1, verbose_name='轮次')),
                ('amount', models.PositiveSmallIntegerField(verbose_name='时长')),
                ('unit', models.CharField(max_length=12, verbose_name='单位')),
                ('roll', models.BooleanField(default=True, verbose_name='遇休息日顺延')),
                ('started_at', models.DateTimeField(verbose_name='起算时间')),
                ('counted_from', models.DateField(verbose_name='起算日')),
                ('extended_by', models.PositiveSmallIntegerField(default=0, verbose_name='已延长')),
                ('extensions', models.PositiveSmallIntegerField(default=0, verbose_name='延期次数')),
                ('paused_days', models.PositiveSmallIntegerField(default=0, verbose_name='暂停天数')),
                ('paused_seconds', models.PositiveIntegerField(default=0, verbose_name='暂停秒数')),
                ('due_on', models.DateField(verbose_name='到期日')),
                ('due_at', models.DateTimeField(verbose_name='到期时刻')),
                ('is_provisional', models.BooleanField(default=False, verbose_name='节假日未公布')),
                ('paused_at', models.DateTimeField(blank=True, null=True, verbose_name='暂停时间')),
                ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='停止时间')),
                ('next_check_at', models.DateTimeField(blank=True, null=True, verbose_name='下次查看时间')),
                ('rung_order', models.PositiveSmallIntegerField(default=0, verbose_name='已到级次')),
            ],
            options={
                'verbose_name': '期限时钟',
                'verbose_name_plural': '期限时钟',
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='浏览器凭证的摘要，或“用户:办件:动作”。', max_length=64, unique=True, verbose_name='键')),
                ('case_label', models.CharField(max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(blank=True, null=True, verbose_name='办件')),
                ('payload', core.privacy.EncryptedJSONField(scope='core.draft.payload', verbose_name='内容')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='保存时间')),
                ('expires_at', models.DateTimeField(verbose_name='失效时间')),
            ],
            options={
                'verbose_name': '草稿',
                'verbose_name_plural': '草稿',
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action_id', models.UUIDField(help_text='一次动作改动多个办件时相同。', verbose_name='动作编号')),
                ('case_label', models.CharField(max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(verbose_name='办件')),
                ('seq', models.PositiveIntegerField(verbose_name='序号')),
                ('kind', models.CharField(help_text='例如 intake.request.assign。', max_length=64, verbose_name='事件')),
                ('from_state', models.CharField(blank=True, max_length=32, verbose_name='原状态')),
                ('to_state', models.CharField(max_length=32, verbose_name='新状态')),
                ('round', models.PositiveSmallIntegerField(default=1, verbose_name='轮次')),
                ('actor_kind', models.CharField(choices=[('user', '工作人员'), ('resident', '群众'), ('system', '系统'), ('import', '导入')], max_length=8, verbose_name='谁做的')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('facts_text', models.TextField(default='{}', verbose_name='事实')),
                ('text_digest', models.BinaryField(default=b'', max_length=32, verbose_name='文字摘要')),
                ('prev_hash', models.BinaryField(default=b'', max_length=32, verbose_name='前一事件')),
                ('hash', models.BinaryField(max_length=32, verbose_name='本事件')),
            ],
            options={
                'verbose_name': '事件',
                'verbose_name_plural': '事件',
            },
        ),
        migrations.CreateModel(
            name='EventText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('salt', models.BinaryField(max_length=16, verbose_name='盐')),
                ('text', core.privacy.EncryptedTextField(scope='core.eventtext.text', verbose_name='文字')),
            ],
            options={
                'verbose_name': '事件文字',
                'verbose_name_plural': '事件文字',
            },
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='名称')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='说明')),
            ],
            options={
                'verbose_name': '心跳',
                'verbose_name_plural': '心跳',
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=64, verbose_name='通知')),
                ('channel', models.CharField(choices=[('inbox', '站内'), ('email', '邮件'), ('sms', '短信'), ('webhook', '推送')], max_length=8, verbose_name='渠道')),
                ('dedupe', models.CharField(max_length=160, unique=True, verbose_name='去重键')),
                ('contact_ref', models.CharField(blank=True, help_text='例如 request:15，发送时才取号码。', max_length=60, verbose_name='联系人引用')),
                ('case_label', models.CharField(blank=True, max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(blank=True, null=True, verbose_name='办件')),
                ('context', models.JSONField(default=dict, verbose_name='内容要素')),
                ('is_urgent', models.BooleanField(default=False, verbose_name='加急')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='产生时间')),
                ('next_try_at', models.DateTimeField(blank=True, default=django.utils.timezone.now, null=True, verbose_name='下次发送时间')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='已试次数')),
                ('sending_at', models.DateTimeField(blank=True, null=True, verbose_name='正在发送')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='发出时间')),
                ('dead_at', models.DateTimeField(blank=True, null=True, verbose_name='放弃时间')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='阅读时间')),
                ('last_error', models.CharField(blank=True, max_length=200, verbose_name='上次失败原因')),
            ],
            options={
                'verbose_name': '消息',
                'verbose_name_plural': '消息',
            },
        ),
        migrations.CreateModel(
            name='RateBucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=40, verbose_name='限制')),
                ('key_digest', models.CharField(max_length=32, verbose_name='来源摘要')),
                ('window_start', models.DateTimeField(verbose_name='窗口开始')),
                ('count', models.PositiveIntegerField(default=0, verbose_name='次数')),
                ('expires_at', models.DateTimeField(verbose_name='失效时间')),
            ],
            options={
                'verbose_name': '限流计数',
                'verbose_name_plural': '限流计数',
            },
        ),
        migrations.CreateModel(
            name='RulePack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, verbose_name='代号')),
                ('name', models.CharField(max_length=80, verbose_name='名称')),
                ('area_prefix', models.CharField(blank=True, help_text='留空表示全国默认；填 52 表示贵州省，填 6 位表示一个县。', max_length=12, verbose_name='适用区划代码前缀')),
                ('source', models.CharField(help_text='文件名称和条款，例如“《代表法》第五十一条”。', max_length=200, verbose_name='依据文件')),
                ('valid_from', models.DateField(verbose_name='施行日期')),
                ('valid_to', models.DateField(blank=True, help_text='当天起不再适用。', null=True, verbose_name='失效日期')),
            ],
            options={
                'verbose_name': '规则包',
                'verbose_name_plural': '规则包',
                'ordering': ['area_prefix', '-valid_from'],
            },
        ),
        migrations.CreateModel(
            name='RulePackEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('code', models.SlugField(db_index=False, max_length=40, verbose_name='代号')),
                ('name', models.CharField(max_length=80, verbose_name='名称')),
                ('area_prefix', models.CharField(blank=True, help_text='留空表示全国默认；填 52 表示贵州省，填 6 位表示一个县。', max_length=12, verbose_name='适用区划代码前缀')),
                ('source', models.CharField(help_text='文件名称和条款，例如“《代表法》第五十一条”。', max_length=200, verbose_name='依据文件')),
                ('valid_from', models.DateField(verbose_name='施行日期')),
                ('valid_to', models.DateField(blank=True, help_text='当天起不再适用。', null=True, verbose_name='失效日期')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Rung',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('clock', models.CharField(max_length=40, verbose_name='期限名称')),
                ('order', models.PositiveSmallIntegerField(verbose_name='级次')),
                ('level', models.CharField(choices=[('remind', '提醒'), ('urge', '催办'), ('supervise', '督办'), ('interview', '约谈'), ('circulate', '通报'), ('report', '上报')], max_length=12, verbose_name='手段')),
                ('offset', models.SmallIntegerField(help_text='负数为到期前，0 为到期时，正数为超期后。', verbose_name='时差')),
                ('offset_unit', models.CharField(choices=[('hours', '小时'), ('days', '天'), ('working_days', '个工作日'), ('months', '个月')], default='working_days', max_length=12, verbose_name='时差单位')),
                ('hears', models.JSONField(default=list, help_text='角色代号的列表，例如 ["unit_officer"]。', verbose_name='通知谁')),
                ('fires', models.CharField(blank=True, help_text='工作流动作名，例如 escalate。', max_length=32, verbose_name='触发的动作')),
                ('requires_answer', models.BooleanField(default=False, verbose_name='要求回应')),
                ('document', models.CharField(blank=True, max_length=60, verbose_name='文书')),
            ],
            options={
                'verbose_name': '催督梯级',
                'verbose_name_plural': '催督梯级',
                'ordering': ['pack', 'clock', 'order'],
            },
        ),
        migrations.CreateModel(
            name='RungEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('clock', models.CharField(max_length=40, verbose_name='期限名称')),
                ('order', models.PositiveSmallIntegerField(verbose_name='级次')),
                ('level', models.CharField(choices=[('remind', '提醒'), ('urge', '催办'), ('supervise', '督办'), ('interview', '约谈'), ('circulate', '通报'), ('report', '上报')], max_length=12, verbose_name='手段')),
                ('offset', models.SmallIntegerField(help_text='负数为到期前，0 为到期时，正数为超期后。', verbose_name='时差')),
                ('offset_unit', models.CharField(choices=[('hours', '小时'), ('days', '天'), ('working_days', '个工作日'), ('months', '个月')], default='working_days', max_length=12, verbose_name='时差单位')),
                ('hears', models.JSONField(default=list, help_text='角色代号的列表，例如 ["unit_officer"]。', verbose_name='通知谁')),
                ('fires', models.CharField(blank=True, help_text='工作流动作名，例如 escalate。', max_length=32, verbose_name='触发的动作')),
                ('requires_answer', models.BooleanField(default=False, verbose_name='要求回应')),
                ('document', models.CharField(blank=True, max_length=60, verbose_name='文书')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RungFiring',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField(verbose_name='轮次')),
                ('due_at', models.DateTimeField(verbose_name='应催时间')),
                ('fired_at', models.DateTimeField(verbose_name='实催时间')),
            ],
            options={
                'verbose_name': '催督记录',
                'verbose_name_plural': '催督记录',
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=40, verbose_name='渠道')),
                ('key', models.CharField(max_length=80, verbose_name='幂等键')),
                ('body_digest', models.CharField(max_length=64, verbose_name='内容摘要')),
                ('case_label', models.CharField(blank=True, max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(blank=True, null=True, verbose_name='办件')),
                ('status', models.PositiveSmallIntegerField(default=201, verbose_name='状态码')),
                ('answer', core.privacy.EncryptedJSONField(scope='core.submission.answer', verbose_name='答复')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
            ],
            options={
                'verbose_name': '提交记录',
                'verbose_name_plural': '提交记录',
            },
        ),
        migrations.CreateModel(
            name='Term',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('clock', models.CharField(help_text='例如 request.register。', max_length=40, verbose_name='期限名称')),
                ('case_class', models.CharField(blank=True, help_text='留空表示一般；complex 表示复杂。', max_length=20, verbose_name='办件类别')),
                ('amount', models.PositiveSmallIntegerField(verbose_name='时长')),
                ('unit', models.CharField(choices=[('hours', '小时'), ('days', '天'), ('working_days', '个工作日'), ('months', '个月')], max_length=12, verbose_name='单位')),
                ('roll', models.BooleanField(default=True, verbose_name='遇休息日顺延')),
                ('next_day_after', models.TimeField(blank=True, null=True, verbose_name='几点以后算第二天')),
                ('max_extensions', models.PositiveSmallIntegerField(default=1, verbose_name='最多延期次数')),
                ('article', models.CharField(blank=True, max_length=120, verbose_name='条款')),
            ],
            options={
                'verbose_name': '期限',
                'verbose_name_plural': '期限',
                'ordering': ['pack', 'clock', 'case_class'],
            },
        ),
        migrations.CreateModel(
            name='TermEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('clock', models.CharField(help_text='例如 request.register。', max_length=40, verbose_name='期限名称')),
                ('case_class', models.CharField(blank=True, help_text='留空表示一般；complex 表示复杂。', max_length=20, verbose_name='办件类别')),
                ('amount', models.PositiveSmallIntegerField(verbose_name='时长')),
                ('unit', models.CharField(choices=[('hours', '小时'), ('days', '天'), ('working_days', '个工作日'), ('months', '个月')], max_length=12, verbose_name='单位')),
                ('roll', models.BooleanField(default=True, verbose_name='遇休息日顺延')),
                ('next_day_after', models.TimeField(blank=True, null=True, verbose_name='几点以后算第二天')),
                ('max_extensions', models.PositiveSmallIntegerField(default=1, verbose_name='最多延期次数')),
                ('article', models.CharField(blank=True, max_length=120, verbose_name='条款')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AccessLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('case_label', models.CharField(max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(verbose_name='办件')),
                ('what', models.CharField(max_length=40, verbose_name='看了什么')),
                ('reason', models.CharField(max_length=200, verbose_name='理由')),
                ('request_id', models.CharField(blank=True, max_length=36, verbose_name='请求编号')),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='谁看的')),
            ],
            options={
                'verbose_name': '查看记录',
                'verbose_name_plural': '查看记录',
            },
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=core.codes.public_id, editable=False, max_length=12, unique=True, verbose_name='对外编号')),
                ('case_label', models.CharField(max_length=24, verbose_name='办件种类')),
                ('case_id', models.BigIntegerField(blank=True, null=True, verbose_name='办件')),
                ('role', models.CharField(choices=[('evidence', '群众提供'), ('before', '办理前'), ('after', '办理后'), ('other', '其他')], default='evidence', max_length=10, verbose_name='用途')),
                ('path', models.CharField(max_length=120, verbose_name='存放位置')),
                ('sha256', models.CharField(max_length=64, verbose_name='内容摘要')),
                ('content_type', models.CharField(default='image/jpeg', max_length=40, verbose_name='类型')),
                ('size', models.PositiveIntegerField(verbose_name='字节数')),
                ('width', models.PositiveIntegerField(default=0, verbose_name='宽')),
                ('height', models.PositiveIntegerField(default=0, verbose_name='高')),
                ('caption', models.CharField(blank=True, max_length=60, verbose_name='说明')),
                ('is_public', models.BooleanField(default=False, verbose_name='可公开')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='上传时间')),
                ('uploaded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='上传人')),
            ],
            options={
                'verbose_name': '附件',
                'verbose_name_plural': '附件',
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarday',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_calendardayevent" ("day", "id", "is_workday", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source") VALUES (NEW."day", NEW."id", NEW."is_workday", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source"); RETURN NULL;', hash='e64fe8718350ec510590575e1af52c5b2c96d2a4', operation='INSERT', pgid='pgtrigger_insert_insert_e1369', table='core_calendarday', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarday',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_calendardayevent" ("day", "id", "is_workday", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source") VALUES (NEW."day", NEW."id", NEW."is_workday", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source"); RETURN NULL;', hash='7c27132bfbc40c15c8431e18c8504e5225ad126e', operation='UPDATE', pgid='pgtrigger_update_update_36b7b', table='core_calendarday', when='AFTER')),
        ),
        migrations.AddField(
            model_name='calendardayevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='calendardayevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.calendarday'),
        ),
        migrations.AddField(
            model_name='draft',
            name='owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='谁写的'),
        ),
        migrations.AddField(
            model_name='event',
            name='actor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人'),
        ),
        migrations.AddField(
            model_name='eventtext',
            name='event',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='words', to='core.event', verbose_name='事件'),
        ),
        migrations.AddConstraint(
            model_name='heartbeat',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='heartbeat_named'),
        ),
        migrations.AddField(
            model_name='message',
            name='recipient',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='收件人'),
        ),
        migrations.AddIndex(
            model_name='ratebucket',
            index=models.Index(fields=['expires_at'], name='ratebucket_expires'),
        ),
        migrations.AddConstraint(
            model_name='ratebucket',
            constraint=models.UniqueConstraint(fields=('scope', 'key_digest'), name='ratebucket_once'),
        ),
        migrations.AddConstraint(
            model_name='rulepack',
            constraint=models.UniqueConstraint(fields=('code', 'valid_from'), name='rulepack_code_from'),
        ),
        migrations.AddConstraint(
            model_name='rulepack',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('area_prefix', '='), (core.models.rules._Validity('valid_from', 'valid_to', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='rulepack_one_in_force'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rulepack',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_rulepackevent" ("area_prefix", "code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "valid_from", "valid_to") VALUES (NEW."area_prefix", NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source", NEW."valid_from", NEW."valid_to"); RETURN NULL;', hash='753b1ea9035c804cce22c21c2c4fa35b7253d93d', operation='INSERT', pgid='pgtrigger_insert_insert_0e721', table='core_rulepack', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rulepack',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_rulepackevent" ("area_prefix", "code", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "valid_from", "valid_to") VALUES (NEW."area_prefix", NEW."code", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source", NEW."valid_from", NEW."valid_to"); RETURN NULL;', hash='0fb6a4d944ba0bff09c50c3dc45ad8fba9eed3cd', operation='UPDATE', pgid='pgtrigger_update_update_f292a', table='core_rulepack', when='AFTER')),
        ),
        migrations.AddField(
            model_name='rulepackevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='rulepackevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.rulepack'),
        ),
        migrations.AddField(
            model_name='rung',
            name='pack',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rungs', to='core.rulepack', verbose_name='规则包'),
        ),
        migrations.AddField(
            model_name='rungevent',
            name='pack',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.rulepack', verbose_name='规则包'),
        ),
        migrations.AddField(
            model_name='rungevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='rungevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.rung'),
        ),
        migrations.AddField(
            model_name='rungfiring',
            name='clock',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='firings', to='core.clock', verbose_name='期限时钟'),
        ),
        migrations.AddField(
            model_name='rungfiring',
            name='rung',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.rung', verbose_name='催督梯级'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['created_at'], name='submission_created'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(fields=('scope', 'key'), name='submission_once'),
        ),
        migrations.AddField(
            model_name='term',
            name='pack',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='core.rulepack', verbose_name='规则包'),
        ),
        migrations.AddField(
            model_name='clock',
            name='term',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.term', verbose_name='依据的期限'),
        ),
        migrations.AddField(
            model_name='termevent',
            name='pack',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.rulepack', verbose_name='规则包'),
        ),
        migrations.AddField(
            model_name='termevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='termevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.term'),
        ),
        migrations.AddIndex(
            model_name='accesslog',
            index=models.Index(fields=['case_label', 'case_id'], name='accesslog_case'),
        ),
        migrations.AddIndex(
            model_name='accesslog',
            index=models.Index(fields=['actor', '-at'], name='accesslog_actor_at'),
        ),
        migrations.AddIndex(
            model_name='attachment',
            index=models.Index(fields=['case_label', 'case_id'], name='attachment_case'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendardayevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fed8464da39ecb1b67a427d3992fed644f87d4db', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_b86fd', table='core_calendardayevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(fields=['expires_at'], name='draft_expires'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['actor', '-at'], name='event_actor_at'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['case_label', 'kind', 'at'], name='event_kind_at'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('case_label', 'case_id', 'seq'), name='event_once_in_its_chain'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('dead_at__isnull', True), ('sent_at__isnull', True)), fields=['attempts', 'next_try_at', 'id'], name='message_waiting'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('channel', 'inbox')), fields=['recipient', '-created_at'], name='message_inbox'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['case_label', 'case_id'], name='message_case'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('recipient__isnull', False), models.Q(('contact_ref', ''), _negated=True), ('channel', 'webhook'), _connector='OR'), name='message_has_recipient'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rulepackevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4661be761ef9f7e2206a0dee82b1d3dd7b51fe52', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_46f88', table='core_rulepackevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='rung',
            constraint=models.UniqueConstraint(fields=('pack', 'clock', 'order'), name='rung_once_in_its_ladder'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rung',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_rungevent" ("clock", "document", "fires", "hears", "id", "level", "offset", "offset_unit", "order", "pack_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requires_answer") VALUES (NEW."clock", NEW."document", NEW."fires", NEW."hears", NEW."id", NEW."level", NEW."offset", NEW."offset_unit", NEW."order", NEW."pack_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."requires_answer"); RETURN NULL;', hash='6e7471cdc255a87ce5eeb2b111e227061c717fa2', operation='INSERT', pgid='pgtrigger_insert_insert_721d1', table='core_rung', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rung',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_rungevent" ("clock", "document", "fires", "hears", "id", "level", "offset", "offset_unit", "order", "pack_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requires_answer") VALUES (NEW."clock", NEW."document", NEW."fires", NEW."hears", NEW."id", NEW."level", NEW."offset", NEW."offset_unit", NEW."order", NEW."pack_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."requires_answer"); RETURN NULL;', hash='c22bfd8f2b1754a94abb9ae26286cdb01f06ad92', operation='UPDATE', pgid='pgtrigger_update_update_4d929', table='core_rung', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rungevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='afe1ef0ffdb5bd71a114ac18b1c37daf19748711', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ece05', table='core_rungevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='rungfiring',
            constraint=models.UniqueConstraint(fields=('clock', 'rung', 'round'), name='rungfiring_once'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(fields=('pack', 'clock', 'case_class'), name='term_once_per_class'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='term_amount_positive'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='term',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_termevent" ("amount", "article", "case_class", "clock", "id", "max_extensions", "next_day_after", "pack_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "roll", "unit") VALUES (NEW."amount", NEW."article", NEW."case_class", NEW."clock", NEW."id", NEW."max_extensions", NEW."next_day_after", NEW."pack_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."roll", NEW."unit"); RETURN NULL;', hash='2d8614e49ab849178de0ff9bc3d8fccd304387e4', operation='INSERT', pgid='pgtrigger_insert_insert_7bb7f', table='core_term', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='term',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_termevent" ("amount", "article", "case_class", "clock", "id", "max_extensions", "next_day_after", "pack_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "roll", "unit") VALUES (NEW."amount", NEW."article", NEW."case_class", NEW."clock", NEW."id", NEW."max_extensions", NEW."next_day_after", NEW."pack_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."roll", NEW."unit"); RETURN NULL;', hash='74f9ad2a888a891d55619aae76afd956bafb160d', operation='UPDATE', pgid='pgtrigger_update_update_6837e', table='core_term', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(fields=['case_label', 'case_id'], name='clock_case'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False), ('stopped_at__isnull', True)), fields=['next_check_at'], name='clock_to_check'),
        ),
        migrations.AddConstraint(
            model_name='clock',
            constraint=models.UniqueConstraint(condition=models.Q(('stopped_at__isnull', True)), fields=('case_label', 'case_id', 'name'), name='clock_one_running_per_name'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='termevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b084fd404e8ad69e289cd266836a67f127b42382', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_4cfdb', table='core_termevent', when='BEFORE')),
        ),
    ]
