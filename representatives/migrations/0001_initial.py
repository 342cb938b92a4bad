

import core.codes
import core.privacy
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import representatives.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('core', '0002_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Body',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='名称')),
                ('kind', models.CharField(choices=[('congress', '人民代表大会'), ('standing_committee', '人大常委会'), ('presidium', '乡镇人大主席团'), ('street_committee', '人大街道工委'), ('street_assembly', '街道议政代表会')], max_length=20, verbose_name='类别')),
                ('level', models.CharField(choices=[('nation', '全国'), ('province', '省'), ('city', '市'), ('county', '县'), ('town', '乡镇')], max_length=10, verbose_name='级别')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='区划')),
            ],
            options={
                'verbose_name': '会议机构',
                'verbose_name_plural': '会议机构',
                'ordering': ['area__code', 'kind'],
            },
        ),
        migrations.CreateModel(
            name='CongressTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='第几届')),
                ('begins_on', models.DateField(verbose_name='开始')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='结束')),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='representatives.body', verbose_name='机构')),
            ],
            options={
                'verbose_name': '届',
                'verbose_name_plural': '届',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Constituency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('seats', models.PositiveSmallIntegerField(default=1, verbose_name='应选代表数')),
                ('areas', models.ManyToManyField(blank=True, related_name='constituencies', to='accounts.area', verbose_name='包含的区划')),
                ('term', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='constituencies', to='representatives.congressterm', verbose_name='届')),
            ],
            options={
                'verbose_name': '选区',
                'verbose_name_plural': '选区',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='DutyRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('kind', models.CharField(choices=[('reception', '接待群众'), ('request_received', '登记群众诉求'), ('request_followed', '跟进群众诉求'), ('activity', '参加活动'), ('meeting', '出席会议')], max_length=20, verbose_name='履职事项')),
                ('points', models.DecimalField(decimal_places=1, max_digits=5, verbose_name='每次分值')),
                ('yearly_cap', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True, verbose_name='全年上限')),
            ],
            options={
                'verbose_name': '积分规则',
                'verbose_name_plural': '积分规则',
                'constraints': [models.UniqueConstraint(fields=('year', 'kind'), name='dutyrule_once')],
            },
        ),
        migrations.CreateModel(
            name='Mandate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('electing_unit', models.CharField(blank=True, help_text='间接选举的代表填写。', max_length=80, verbose_name='原选举单位')),
                ('begins_on', models.DateField(verbose_name='自')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='至')),
                ('end_reason', models.CharField(blank=True, max_length=60, verbose_name='终止原因')),
                ('constituency', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='representatives.constituency', verbose_name='选区')),
                ('term', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='representatives.congressterm', verbose_name='届')),
            ],
            options={
                'verbose_name': '代表资格',
                'verbose_name_plural': '代表资格',
                'ordering': ['-begins_on'],
            },
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='名称')),
                ('begins_at', models.DateTimeField(verbose_name='开始')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='结束')),
                ('place', models.CharField(blank=True, max_length=80, verbose_name='地点')),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='representatives.body', verbose_name='机构')),
                ('term', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='representatives.congressterm', verbose_name='届')),
            ],
            options={
                'verbose_name': '会议',
                'verbose_name_plural': '会议',
                'ordering': ['-begins_at'],
            },
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=core.codes.public_id, editable=False, max_length=12, unique=True, verbose_name='对外编号')),
                ('name', models.CharField(max_length=40, verbose_name='姓名')),
                ('pinyin', models.CharField(blank=True, max_length=120, verbose_name='拼音')),
                ('sex', models.CharField(blank=True, choices=[('male', '男'), ('female', '女')], max_length=6, verbose_name='性别')),
                ('occupation', models.CharField(blank=True, max_length=80, verbose_name='职业')),
                ('introduction', models.CharField(blank=True, max_length=200, verbose_name='简介')),
                ('certificate_no', models.CharField(blank=True, max_length=40, verbose_name='代表证号')),
                ('phone', core.privacy.EncryptedTextField(blank=True, default='', scope='representatives.person.phone', verbose_name='手机号')),
                ('phone_index', models.CharField(blank=True, db_index=True, editable=False, max_length=32, verbose_name='手机号索引')),
                ('is_public', models.BooleanField(default=True, verbose_name='公开')),
                ('photo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.attachment', verbose_name='照片')),
                ('topics', models.ManyToManyField(blank=True, related_name='+', to='accounts.category', verbose_name='常听的事')),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='person', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'verbose_name': '代表',
                'verbose_name_plural': '代表',
                'ordering': ['pinyin', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='MandateEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('electing_unit', models.CharField(blank=True, help_text='间接选举的代表填写。', max_length=80, verbose_name='原选举单位')),
                ('begins_on', models.DateField(verbose_name='自')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='至')),
                ('end_reason', models.CharField(blank=True, max_length=60, verbose_name='终止原因')),
                ('constituency', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='representatives.constituency', verbose_name='选区')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='representatives.mandate')),
                ('term', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='representatives.congressterm', verbose_name='届')),
                ('person', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='representatives.person', verbose_name='代表')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='mandate',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='representatives.person', verbose_name='代表'),
        ),
        migrations.CreateModel(
            name='DutyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('reception', '接待群众'), ('request_received', '登记群众诉求'), ('request_followed', '跟进群众诉求'), ('activity', '参加活动'), ('meeting', '出席会议')], max_length=20, verbose_name='履职事项')),
                ('on', models.DateField(verbose_name='日期')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.event', verbose_name='事件')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='duty_records', to='representatives.person', verbose_name='代表')),
            ],
            options={
                'verbose_name': '履职记录',
                'verbose_name_plural': '履职记录',
            },
        ),
        migrations.CreateModel(
            name='CheckIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('present', '出席'), ('late', '迟到'), ('leave', '请假'), ('absent', '缺席')], max_length=8, verbose_name='情况')),
                ('note', models.CharField(blank=True, max_length=80, verbose_name='说明')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='check_ins', to='representatives.meeting', verbose_name='会议')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='check_ins', to='representatives.person', verbose_name='人员')),
            ],
            options={
                'verbose_name': '出席情况',
                'verbose_name_plural': '出席情况',
            },
        ),
        migrations.CreateModel(
            name='BodyMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.CharField(blank=True, max_length=40, verbose_name='职务')),
                ('begins_on', models.DateField(verbose_name='自')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='至')),
                ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='representatives.body', verbose_name='机构')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seats', to='representatives.person', verbose_name='人员')),
            ],
            options={
                'verbose_name': '组成人员',
                'verbose_name_plural': '组成人员',
            },
        ),
        migrations.CreateModel(
            name='PersonEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('public_id', models.CharField(default=core.codes.public_id, editable=False, max_length=12, verbose_name='对外编号')),
                ('name', models.CharField(max_length=40, verbose_name='姓名')),
                ('pinyin', models.CharField(blank=True, max_length=120, verbose_name='拼音')),
                ('sex', models.CharField(blank=True, choices=[('male', '男'), ('female', '女')], max_length=6, verbose_name='性别')),
                ('occupation', models.CharField(blank=True, max_length=80, verbose_name='职业')),
                ('introduction', models.CharField(blank=True, max_length=200, verbose_name='简介')),
                ('certificate_no', models.CharField(blank=True, max_length=40, verbose_name='代表证号')),
                ('is_public', models.BooleanField(default=True, verbose_name='公开')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='representatives.person')),
                ('photo', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.attachment', verbose_name='照片')),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='congressterm',
            constraint=models.UniqueConstraint(fields=('body', 'number'), name='term_number_once'),
        ),
        migrations.AddConstraint(
            model_name='constituency',
            constraint=models.UniqueConstraint(fields=('term', 'name'), name='constituency_name_once'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.UniqueConstraint(condition=models.Q(('certificate_no', ''), _negated=True), fields=('certificate_no',), name='person_certificate_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='person',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "representatives_personevent" ("certificate_no", "id", "introduction", "is_public", "name", "occupation", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "photo_id", "pinyin", "public_id", "sex", "user_id") VALUES (NEW."certificate_no", NEW."id", NEW."introduction", NEW."is_public", NEW."name", NEW."occupation", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."photo_id", NEW."pinyin", NEW."public_id", NEW."sex", NEW."user_id"); RETURN NULL;', hash='a0834435f566ca90c05d8ee44b456e4fbf2fc3fe', operation='INSERT', pgid='pgtrigger_insert_insert_f1a67', table='representatives_person', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='person',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."certificate_no" IS DISTINCT FROM (NEW."certificate_no") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."introduction" IS DISTINCT FROM (NEW."introduction") OR OLD."is_public" IS DISTINCT FROM (NEW."is_public") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."occupation" IS DISTINCT FROM (NEW."occupation") OR OLD."photo_id" IS DISTINCT FROM (NEW."photo_id") OR OLD."pinyin" IS DISTINCT FROM (NEW."pinyin") OR OLD."public_id" IS DISTINCT FROM (NEW."public_id") OR OLD."sex" IS DISTINCT FROM (NEW."sex") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))', func='INSERT INTO "representatives_personevent" ("certificate_no", "id", "introduction", "is_public", "name", "occupation", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "photo_id", "pinyin", "public_id", "sex", "user_id") VALUES (NEW."certificate_no", NEW."id", NEW."introduction", NEW."is_public", NEW."name", NEW."occupation", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."photo_id", NEW."pinyin", NEW."public_id", NEW."sex", NEW."user_id"); RETURN NULL;', hash='8dc1a393a1ff163647c960419f20b061e3a1897a', operation='UPDATE', pgid='pgtrigger_update_update_5ff93', table='representatives_person', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mandateevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2228613677c04d5f685b64834fd3ababbe41e9bc', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ccf5e', table='representatives_mandateevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='mandate',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('person', '='), ('term', '='), (representatives.models.Validity('begins_on', 'ends_on', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='mandate_once_at_a_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mandate',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "representatives_mandateevent" ("begins_on", "constituency_id", "electing_unit", "end_reason", "ends_on", "id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "term_id") VALUES (NEW."begins_on", NEW."constituency_id", NEW."electing_unit", NEW."end_reason", NEW."ends_on", NEW."id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."term_id"); RETURN NULL;', hash='c4a70908346da61274c1804850880d80e0b3e052', operation='INSERT', pgid='pgtrigger_insert_insert_199c7', table='representatives_mandate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='mandate',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "representatives_mandateevent" ("begins_on", "constituency_id", "electing_unit", "end_reason", "ends_on", "id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "term_id") VALUES (NEW."begins_on", NEW."constituency_id", NEW."electing_unit", NEW."end_reason", NEW."ends_on", NEW."id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."term_id"); RETURN NULL;', hash='c561af0c8dc2e60012f7104b9a0b33b7d37c1891', operation='UPDATE', pgid='pgtrigger_update_update_d9a69', table='representatives_mandate', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='dutyrecord',
            index=models.Index(fields=['person', '-on'], name='dutyrecord_person_on'),
        ),
        migrations.AddConstraint(
            model_name='dutyrecord',
            constraint=models.UniqueConstraint(fields=('event', 'person', 'kind'), name='dutyrecord_once'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.UniqueConstraint(fields=('meeting', 'person'), name='checkin_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='personevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0caf83d16d2f34f14821c489fb165b2fdf111e16', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a4df6', table='representatives_personevent', when='BEFORE')),
        ),
    ]
