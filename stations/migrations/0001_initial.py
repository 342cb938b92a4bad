

import core.codes
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import representatives.models
import stations.models.reception
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('core', '0002_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
        ('representatives', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('duty_days', models.CharField(blank=True, help_text='例如“每月 15 日”。', max_length=60, verbose_name='值班安排')),
                ('begins_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='自')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='至')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='representatives.person', verbose_name='代表')),
            ],
            options={
                'verbose_name': '进站代表',
                'verbose_name_plural': '进站代表',
                'ordering': ['station', 'begins_on'],
            },
        ),
        migrations.CreateModel(
            name='Station',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=8, unique=True, validators=[django.core.validators.RegexValidator('^[0-9A-Z]{3,8}$', '编号用 3 到 8 位数字或大写字母。')], verbose_name='站点编号')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('pinyin', models.CharField(blank=True, max_length=160, verbose_name='拼音')),
                ('kind', models.CharField(choices=[('home', '代表之家'), ('station', '代表联络站'), ('point', '代表联络点'), ('mobile', '流动联络站'), ('specialised', '专业代表工作站'), ('personal_office', '代表个人联络室'), ('online', '网上联络站'), ('legislative_point', '基层立法联系点'), ('hall', '民主议事厅')], max_length=20, verbose_name='类别')),
                ('county_code', models.CharField(editable=False, max_length=12, verbose_name='县级区划代码')),
                ('town_code', models.CharField(blank=True, editable=False, max_length=12, verbose_name='乡级区划代码')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='电话')),
                ('opening', models.CharField(blank=True, help_text='例如“周一至周五 9:00–17:00”。', max_length=120, verbose_name='开放时间')),
                ('directions', models.CharField(blank=True, max_length=120, verbose_name='怎么走')),
                ('introduction', models.TextField(blank=True, verbose_name='简介')),
                ('functions', models.CharField(blank=True, help_text='例如“接待、会议、展示”。', max_length=120, verbose_name='功能区')),
                ('target_group', models.CharField(blank=True, max_length=60, verbose_name='服务对象')),
                ('build_mode', models.CharField(blank=True, choices=[('new', '新建'), ('rebuilt', '改建'), ('shared', '共建共用'), ('upgraded', '提档升级')], max_length=10, verbose_name='建设方式')),
                ('opened_on', models.DateField(blank=True, null=True, verbose_name='建成日期')),
                ('closed_on', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
                ('is_public', models.BooleanField(default=True, verbose_name='公开')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stations', to='accounts.area', verbose_name='所在区划')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='stations.station', verbose_name='上级家站点')),
                ('photo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.attachment', verbose_name='照片')),
                ('serves', models.ManyToManyField(blank=True, related_name='served_by', to='accounts.area', verbose_name='服务的村、社区')),
                ('taken_over_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='stations.station', verbose_name='由哪个站接替')),
            ],
            options={
                'verbose_name': '家站点',
                'verbose_name_plural': '家站点',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='PostingEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('duty_days', models.CharField(blank=True, help_text='例如“每月 15 日”。', max_length=60, verbose_name='值班安排')),
                ('begins_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='自')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='至')),
                ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='representatives.person', verbose_name='代表')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='stations.posting')),
                ('station', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='stations.station', verbose_name='家站点')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='posting',
            name='station',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='stations.station', verbose_name='家站点'),
        ),
        migrations.CreateModel(
            name='StationPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(default=0, verbose_name='排序')),
                ('attachment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.attachment', verbose_name='照片')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='stations.station', verbose_name='家站点')),
            ],
            options={
                'verbose_name': '站点照片',
                'verbose_name_plural': '站点照片',
                'ordering': ['order', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='StationStaff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('duty', models.CharField(choices=[('head', '站长'), ('clerk', '联络员'), ('volunteer', '志愿者')], default='clerk', max_length=10, verbose_name='分工')),
                ('begins_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='自')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='至')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='staff', to='stations.station', verbose_name='家站点')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='station_posts', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
            ],
            options={
                'verbose_name': '站点工作人员',
                'verbose_name_plural': '站点工作人员',
            },
        ),
        migrations.CreateModel(
            name='StationTopic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.category', verbose_name='分类')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='topics', to='stations.station', verbose_name='家站点')),
            ],
            options={
                'verbose_name': '站点专长',
                'verbose_name_plural': '站点专长',
            },
        ),
        migrations.CreateModel(
            name='Venue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='场所名称')),
                ('address', models.CharField(max_length=120, verbose_name='地址')),
                ('step_free', models.CharField(blank=True, help_text='例如“门口有坡道，一楼有卫生间”。', max_length=80, verbose_name='无障碍')),
                ('floor_area', models.PositiveIntegerField(blank=True, null=True, verbose_name='面积（平方米）')),
                ('latitude', models.DecimalField(blank=True, decimal_places=5, max_digits=8, null=True, verbose_name='纬度')),
                ('longitude', models.DecimalField(blank=True, decimal_places=5, max_digits=8, null=True, verbose_name='经度')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='村、社区')),
            ],
            options={
                'verbose_name': '场所',
                'verbose_name_plural': '场所',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='StationEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('code', models.CharField(max_length=8, validators=[django.core.validators.RegexValidator('^[0-9A-Z]{3,8}$', '编号用 3 到 8 位数字或大写字母。')], verbose_name='站点编号')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('pinyin', models.CharField(blank=True, max_length=160, verbose_name='拼音')),
                ('kind', models.CharField(choices=[('home', '代表之家'), ('station', '代表联络站'), ('point', '代表联络点'), ('mobile', '流动联络站'), ('specialised', '专业代表工作站'), ('personal_office', '代表个人联络室'), ('online', '网上联络站'), ('legislative_point', '基层立法联系点'), ('hall', '民主议事厅')], max_length=20, verbose_name='类别')),
                ('county_code', models.CharField(editable=False, max_length=12, verbose_name='县级区划代码')),
                ('town_code', models.CharField(blank=True, editable=False, max_length=12, verbose_name='乡级区划代码')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='电话')),
                ('opening', models.CharField(blank=True, help_text='例如“周一至周五 9:00–17:00”。', max_length=120, verbose_name='开放时间')),
                ('directions', models.CharField(blank=True, max_length=120, verbose_name='怎么走')),
                ('introduction', models.TextField(blank=True, verbose_name='简介')),
                ('functions', models.CharField(blank=True, help_text='例如“接待、会议、展示”。', max_length=120, verbose_name='功能区')),
                ('target_group', models.CharField(blank=True, max_length=60, verbose_name='服务对象')),
                ('build_mode', models.CharField(blank=True, choices=[('new', '新建'), ('rebuilt', '改建'), ('shared', '共建共用'), ('upgraded', '提档升级')], max_length=10, verbose_name='建设方式')),
                ('opened_on', models.DateField(blank=True, null=True, verbose_name='建成日期')),
                ('closed_on', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
                ('is_public', models.BooleanField(default=True, verbose_name='公开')),
                ('area', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.area', verbose_name='所在区划')),
                ('parent', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='stations.station', verbose_name='上级家站点')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='stations.station')),
                ('photo', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.attachment', verbose_name='照片')),
                ('taken_over_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='stations.station', verbose_name='由哪个站接替')),
                ('venue', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='stations.venue', verbose_name='场所')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='station',
            name='venue',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stations', to='stations.venue', verbose_name='场所'),
        ),
        migrations.CreateModel(
            name='Reception',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=core.codes.public_id, editable=False, max_length=12, unique=True, verbose_name='对外编号')),
                ('kind', models.CharField(choices=[('reception_day', '接待日'), ('mobile_visit', '流动接待'), ('market_day', '赶集日'), ('appointment', '预约接待')], default='reception_day', max_length=16, verbose_name='类别')),
                ('topic', models.CharField(blank=True, max_length=80, verbose_name='主题')),
                ('place', models.CharField(blank=True, help_text='不在站里时填写，例如“集市东口蓝色帐篷”。', max_length=80, verbose_name='地点')),
                ('starts_at', models.DateTimeField(verbose_name='开始')),
                ('ends_at', models.DateTimeField(verbose_name='结束')),
                ('is_public', models.BooleanField(default=True, verbose_name='公开')),
                ('cancelled_reason', models.CharField(blank=True, max_length=80, verbose_name='取消原因')),
                ('people', models.ManyToManyField(blank=True, related_name='receptions', to='representatives.person', verbose_name='接待代表')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receptions', to='stations.station', verbose_name='家站点')),
            ],
            options={
                'verbose_name': '接待安排',
                'verbose_name_plural': '接待安排',
                'ordering': ['starts_at'],
                'indexes': [models.Index(fields=['station', 'starts_at'], name='reception_station_start')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='reception_ends_after_start'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_reason', '')), expressions=[('station', '='), (stations.models.reception._Hours('starts_at', 'ends_at', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='reception_no_overlap')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postingevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ca2f58662fc1ff9dc4c882562e3146bf6b8a6993', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_769b5', table='stations_postingevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('station', '='), ('person', '='), (representatives.models.Validity('begins_on', 'ends_on', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='posting_once_at_a_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='posting',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "stations_postingevent" ("begins_on", "duty_days", "ends_on", "id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "station_id") VALUES (NEW."begins_on", NEW."duty_days", NEW."ends_on", NEW."id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."station_id"); RETURN NULL;', hash='d528a416fa614e3b5c22287b8039b7097b536e4a', operation='INSERT', pgid='pgtrigger_insert_insert_df400', table='stations_posting', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='posting',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "stations_postingevent" ("begins_on", "duty_days", "ends_on", "id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "station_id") VALUES (NEW."begins_on", NEW."duty_days", NEW."ends_on", NEW."id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."station_id"); RETURN NULL;', hash='b4873fcc6435d347a6669caae9cfec552dc2f4f4', operation='UPDATE', pgid='pgtrigger_update_update_954a3', table='stations_posting', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='stationstaff',
            index=models.Index(fields=['user'], name='stationstaff_user'),
        ),
        migrations.AddConstraint(
            model_name='stationstaff',
            constraint=models.UniqueConstraint(condition=models.Q(('ends_on__isnull', True)), fields=('station', 'user'), name='stationstaff_once'),
        ),
        migrations.AddConstraint(
            model_name='stationtopic',
            constraint=models.UniqueConstraint(fields=('station', 'category'), name='stationtopic_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stationevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a3e6d0378d04e3dfa338a4cd0a5da6ab701c1e75', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_c23bc', table='stations_stationevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='station',
            index=models.Index(fields=['county_code', 'code'], name='station_county_code'),
        ),
        migrations.AddIndex(
            model_name='station',
            index=models.Index(fields=['town_code', 'code'], name='station_town_code'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='station_not_its_own_parent'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='station',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "stations_stationevent" ("area_id", "build_mode", "closed_on", "code", "county_code", "directions", "functions", "id", "introduction", "is_public", "kind", "name", "opened_on", "opening", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "photo_id", "pinyin", "taken_over_by_id", "target_group", "town_code", "venue_id") VALUES (NEW."area_id", NEW."build_mode", NEW."closed_on", NEW."code", NEW."county_code", NEW."directions", NEW."functions", NEW."id", NEW."introduction", NEW."is_public", NEW."kind", NEW."name", NEW."opened_on", NEW."opening", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."photo_id", NEW."pinyin", NEW."taken_over_by_id", NEW."target_group", NEW."town_code", NEW."venue_id"); RETURN NULL;', hash='e3b0e525550dd29b7cb305e359801613791c732c', operation='INSERT', pgid='pgtrigger_insert_insert_8a9fc', table='stations_station', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='station',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "stations_stationevent" ("area_id", "build_mode", "closed_on", "code", "county_code", "directions", "functions", "id", "introduction", "is_public", "kind", "name", "opened_on", "opening", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "photo_id", "pinyin", "taken_over_by_id", "target_group", "town_code", "venue_id") VALUES (NEW."area_id", NEW."build_mode", NEW."closed_on", NEW."code", NEW."county_code", NEW."directions", NEW."functions", NEW."id", NEW."introduction", NEW."is_public", NEW."kind", NEW."name", NEW."opened_on", NEW."opening", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."photo_id", NEW."pinyin", NEW."taken_over_by_id", NEW."target_group", NEW."town_code", NEW."venue_id"); RETURN NULL;', hash='68e169fb1923dd126e55532a9466179b96b1c7cf', operation='UPDATE', pgid='pgtrigger_update_update_05b7b', table='stations_station', when='AFTER')),
        ),
    ]
