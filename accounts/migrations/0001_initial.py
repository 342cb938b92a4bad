

import accounts.models
import core.privacy
import django.contrib.auth.validators
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='邮箱')),
                ('display_name', models.CharField(max_length=40, verbose_name='姓名')),
                ('phone', core.privacy.EncryptedTextField(blank=True, default='', scope='accounts.user.phone', verbose_name='手机号')),
                ('title', models.CharField(blank=True, max_length=60, verbose_name='职务')),
                ('must_change_password', models.BooleanField(default=False, verbose_name='须改密码')),
                ('password_changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='改密时间')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': '用户',
                'verbose_name_plural': '用户',
                'ordering': ['username'],
            },
            managers=[
                ('objects', accounts.models.HouseUserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Area',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=12, verbose_name='区划代码')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('full_name', models.CharField(blank=True, max_length=160, verbose_name='全称')),
                ('pinyin', models.CharField(blank=True, max_length=160, verbose_name='拼音')),
                ('level', models.CharField(choices=[('province', '省级'), ('prefecture', '地级'), ('county', '县级'), ('township', '乡级'), ('village', '村级')], max_length=10, verbose_name='级别')),
                ('valid_from', models.DateField(verbose_name='启用日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='停用日期')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='accounts.area', verbose_name='上级')),
                ('successors', models.ManyToManyField(blank=True, related_name='predecessors', to='accounts.area', verbose_name='并入、更名为')),
            ],
            options={
                'verbose_name': '行政区划',
                'verbose_name_plural': '行政区划',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='AreaEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('code', models.CharField(max_length=12, verbose_name='区划代码')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('full_name', models.CharField(blank=True, max_length=160, verbose_name='全称')),
                ('pinyin', models.CharField(blank=True, max_length=160, verbose_name='拼音')),
                ('level', models.CharField(choices=[('province', '省级'), ('prefecture', '地级'), ('county', '县级'), ('township', '乡级'), ('village', '村级')], max_length=10, verbose_name='级别')),
                ('valid_from', models.DateField(verbose_name='启用日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='停用日期')),
                ('parent', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.area', verbose_name='上级')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='accounts.area')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='代号')),
                ('name', models.CharField(max_length=40, verbose_name='名称')),
                ('icon', models.CharField(blank=True, max_length=30, verbose_name='图标')),
                ('order', models.PositiveSmallIntegerField(default=0, verbose_name='排序')),
                ('is_sensitive', models.BooleanField(default=False, help_text='短信里只写编号，不写事由。', verbose_name='敏感')),
                ('is_active', models.BooleanField(default=True, verbose_name='在用')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='accounts.category', verbose_name='上级分类')),
            ],
            options={
                'verbose_name': '分类',
                'verbose_name_plural': '分类',
                'ordering': ['order', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='LoginSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('session_key', models.CharField(max_length=40, unique=True, verbose_name='会话')),
                ('device', models.CharField(blank=True, max_length=120, verbose_name='设备')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='地址')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='登录时间')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='最近使用')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='退出时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='login_sessions', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
            ],
            options={
                'verbose_name': '登录会话',
                'verbose_name_plural': '登录会话',
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('station_clerk', '联络员'), ('station_head', '站长'), ('town_office', '乡镇人大、街道工委'), ('county_office', '县级代表工委'), ('unit_officer', '承办单位经办人'), ('unit_head', '承办单位负责人'), ('representative', '人大代表'), ('leader', '领导'), ('auditor', '审计管理员'), ('security_admin', '安全管理员'), ('sysadmin', '系统管理员')], max_length=16, verbose_name='角色')),
                ('valid_from', models.DateField(default=django.utils.timezone.localdate, verbose_name='自')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='至')),
                ('area', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='区划')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
            ],
            options={
                'verbose_name': '任职',
                'verbose_name_plural': '任职',
            },
        ),
        migrations.CreateModel(
            name='PasswordHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='密码摘要')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
            ],
            options={
                'verbose_name': '密码历史',
                'verbose_name_plural': '密码历史',
            },
        ),
        migrations.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=128, verbose_name='摘要')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='使用时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_codes', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
            ],
            options={
                'verbose_name': '恢复码',
                'verbose_name_plural': '恢复码',
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='代号')),
                ('name', models.CharField(max_length=80, verbose_name='名称')),
                ('short_name', models.CharField(blank=True, max_length=40, verbose_name='简称')),
                ('pinyin', models.CharField(blank=True, max_length=160, verbose_name='拼音')),
                ('kind', models.CharField(choices=[('government', '政府部门'), ('town', '乡镇、街道'), ('congress', '人大机关'), ('court', '监委、法院、检察院'), ('enterprise', '企事业单位'), ('other', '其他')], default='government', max_length=12, verbose_name='类别')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='办公电话')),
                ('is_handling', models.BooleanField(default=True, verbose_name='可承办')),
                ('is_active', models.BooleanField(default=True, verbose_name='在用')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='units', to='accounts.area', verbose_name='所在区划')),
            ],
            options={
                'verbose_name': '单位',
                'verbose_name_plural': '单位',
                'ordering': ['pinyin', 'name'],
            },
        ),
        migrations.CreateModel(
            name='MembershipEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('role', models.CharField(choices=[('station_clerk', '联络员'), ('station_head', '站长'), ('town_office', '乡镇人大、街道工委'), ('county_office', '县级代表工委'), ('unit_officer', '承办单位经办人'), ('unit_head', '承办单位负责人'), ('representative', '人大代表'), ('leader', '领导'), ('auditor', '审计管理员'), ('security_admin', '安全管理员'), ('sysadmin', '系统管理员')], max_length=16, verbose_name='角色')),
                ('valid_from', models.DateField(default=django.utils.timezone.localdate, verbose_name='自')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='至')),
                ('area', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.area', verbose_name='区划')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='accounts.membership')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
                ('unit', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.unit', verbose_name='单位')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='membership',
            name='unit',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='accounts.unit', verbose_name='单位'),
        ),
        migrations.CreateModel(
            name='CategoryEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('code', models.SlugField(db_index=False, max_length=40, verbose_name='代号')),
                ('name', models.CharField(max_length=40, verbose_name='名称')),
                ('icon', models.CharField(blank=True, max_length=30, verbose_name='图标')),
                ('order', models.PositiveSmallIntegerField(default=0, verbose_name='排序')),
                ('is_sensitive', models.BooleanField(default=False, help_text='短信里只写编号，不写事由。', verbose_name='敏感')),
                ('is_active', models.BooleanField(default=True, verbose_name='在用')),
                ('parent', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.category', verbose_name='上级分类')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='accounts.category')),
                ('default_unit', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.unit', verbose_name='通常由谁办')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='category',
            name='default_unit',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='通常由谁办'),
        ),
        migrations.CreateModel(
            name='UnitEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('code', models.SlugField(db_index=False, max_length=40, verbose_name='代号')),
                ('name', models.CharField(max_length=80, verbose_name='名称')),
                ('short_name', models.CharField(blank=True, max_length=40, verbose_name='简称')),
                ('pinyin', models.CharField(blank=True, max_length=160, verbose_name='拼音')),
                ('kind', models.CharField(choices=[('government', '政府部门'), ('town', '乡镇、街道'), ('congress', '人大机关'), ('court', '监委、法院、检察院'), ('enterprise', '企事业单位'), ('other', '其他')], default='government', max_length=12, verbose_name='类别')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='办公电话')),
                ('is_handling', models.BooleanField(default=True, verbose_name='可承办')),
                ('is_active', models.BooleanField(default=True, verbose_name='在用')),
                ('area', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='accounts.area', verbose_name='所在区划')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='accounts.unit')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('is_superuser', False)), name='user_no_superuser'),
        ),
        migrations.AddIndex(
            model_name='area',
            index=models.Index(django.contrib.postgres.indexes.OpClass('code', name='varchar_pattern_ops'), name='area_code_prefix'),
        ),
        migrations.AddIndex(
            model_name='area',
            index=models.Index(fields=['parent', 'code'], name='area_parent_code'),
        ),
        migrations.AddConstraint(
            model_name='area',
            constraint=models.UniqueConstraint(fields=('code', 'valid_from'), name='area_code_from'),
        ),
        migrations.AddConstraint(
            model_name='area',
            constraint=models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('code',), name='area_code_current'),
        ),
        migrations.AddConstraint(
            model_name='area',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^\\d{12}$')), name='area_code_twelve_digits'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='area',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "accounts_areaevent" ("code", "full_name", "id", "level", "name", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinyin", "valid_from", "valid_to") VALUES (NEW."code", NEW."full_name", NEW."id", NEW."level", NEW."name", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pinyin", NEW."valid_from", NEW."valid_to"); RETURN NULL;', hash='d84c1002623ff5bbca87ae0015b9ae2c4f9ccd7d', operation='INSERT', pgid='pgtrigger_insert_insert_46ac0', table='accounts_area', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='area',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "accounts_areaevent" ("code", "full_name", "id", "level", "name", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinyin", "valid_from", "valid_to") VALUES (NEW."code", NEW."full_name", NEW."id", NEW."level", NEW."name", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pinyin", NEW."valid_from", NEW."valid_to"); RETURN NULL;', hash='dcdcfd2c21a60ed37d3cbd9d424682dc7f9f554e', operation='UPDATE', pgid='pgtrigger_update_update_e589c', table='accounts_area', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='areaevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7c94e6a07815c0cedd20ff4d1bc7f9348e0a0d4c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_39e3e', table='accounts_areaevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='loginsession',
            index=models.Index(fields=['user', '-seen_at'], name='loginsession_user'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='unit',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "accounts_unitevent" ("area_id", "code", "id", "is_active", "is_handling", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "pinyin", "short_name") VALUES (NEW."area_id", NEW."code", NEW."id", NEW."is_active", NEW."is_handling", NEW."kind", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."pinyin", NEW."short_name"); RETURN NULL;', hash='b4b141a4139b044bcea857c2e2a527c70645caa4', operation='INSERT', pgid='pgtrigger_insert_insert_8ba9e', table='accounts_unit', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='unit',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "accounts_unitevent" ("area_id", "code", "id", "is_active", "is_handling", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "pinyin", "short_name") VALUES (NEW."area_id", NEW."code", NEW."id", NEW."is_active", NEW."is_handling", NEW."kind", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."pinyin", NEW."short_name"); RETURN NULL;', hash='2b69345612f664abfb74dc43ef1795f14ecc1c13', operation='UPDATE', pgid='pgtrigger_update_update_9885a', table='accounts_unit', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membershipevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e1f05704110766345bef638c18be4307af995a77', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_9ee6c', table='accounts_membershipevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('user', 'role', 'area', 'unit'), name='membership_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('role__in', ['auditor', 'security_admin', 'sysadmin']), ('valid_to__isnull', True)), fields=('user',), name='membership_one_separate_role'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('area__isnull', True), ('unit__isnull', True), _connector='OR'), name='membership_bound_to_one'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "accounts_membershipevent" ("area_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "unit_id", "user_id", "valid_from", "valid_to") VALUES (NEW."area_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."role", NEW."unit_id", NEW."user_id", NEW."valid_from", NEW."valid_to"); RETURN NULL;', hash='b0f01481e0405a23ff9d3173666c9329f03b3721', operation='INSERT', pgid='pgtrigger_insert_insert_fc05a', table='accounts_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "accounts_membershipevent" ("area_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "unit_id", "user_id", "valid_from", "valid_to") VALUES (NEW."area_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."role", NEW."unit_id", NEW."user_id", NEW."valid_from", NEW."valid_to"); RETURN NULL;', hash='794cf1c0633557f74b8cc92d6327dc7625e6e18b', operation='UPDATE', pgid='pgtrigger_update_update_20ab5', table='accounts_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='categoryevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0b7f0c1a9c51ea88a6577b9c849fe03970ab5b1c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_2d4c5', table='accounts_categoryevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='category',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "accounts_categoryevent" ("code", "default_unit_id", "icon", "id", "is_active", "is_sensitive", "name", "order", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."default_unit_id", NEW."icon", NEW."id", NEW."is_active", NEW."is_sensitive", NEW."name", NEW."order", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='d41faab53a812b88850f7e5ab2125264ac86eea0', operation='INSERT', pgid='pgtrigger_insert_insert_ccddc', table='accounts_category', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='category',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "accounts_categoryevent" ("code", "default_unit_id", "icon", "id", "is_active", "is_sensitive", "name", "order", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."default_unit_id", NEW."icon", NEW."id", NEW."is_active", NEW."is_sensitive", NEW."name", NEW."order", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='076f5c5507f4e15f5e63bc012a03dfedecba2c5f', operation='UPDATE', pgid='pgtrigger_update_update_b8eea', table='accounts_category', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='unitevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='83f3e89dea885acccb35b158e1d19fdbbc30075d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_f5bbe', table='accounts_unitevent', when='BEFORE')),
        ),
    ]
