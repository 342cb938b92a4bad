import datetime

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.codes
import core.privacy


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('core', '0003_append_only'),
        ('representatives', '0001_initial'),
        ('stations', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConstituentRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=core.codes.public_id, editable=False, max_length=12, unique=True, verbose_name='对外编号')),
                ('state', models.CharField(editable=False, max_length=32, verbose_name='状态')),
                ('state_since', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='进入此状态的时间')),
                ('resume_state', models.CharField(blank=True, editable=False, max_length=32, verbose_name='恢复到的状态')),
                ('round', models.PositiveSmallIntegerField(default=1, editable=False, verbose_name='办理轮次')),
                ('closed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='办结时间')),
                ('due_at', models.DateTimeField(default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC), editable=False, verbose_name='最早到期的时间')),
                ('event_seq', models.PositiveIntegerField(default=0, editable=False, verbose_name='事件数')),
                ('event_head', models.BinaryField(default=b'', max_length=32, verbose_name='事件链头')),
                ('county_code', models.CharField(editable=False, max_length=12, verbose_name='县级区划代码')),
                ('town_code', models.CharField(editable=False, max_length=12, verbose_name='乡级区划代码')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='登记时间')),
                ('reference', models.CharField(max_length=16, unique=True, verbose_name='编号')),
                ('receipt_code', core.privacy.EncryptedTextField(scope='intake.request.receipt_code', verbose_name='查询码')),
                ('receipt_index', models.CharField(editable=False, max_length=32, unique=True, verbose_name='查询码索引')),
                ('origin_town_code', models.CharField(blank=True, editable=False, max_length=12, verbose_name='最初受理的乡镇')),
                ('body', models.TextField(verbose_name='内容')),
                ('body_spans', core.privacy.EncryptedJSONField(blank=True, default=list, scope='intake.request.body_spans', verbose_name='隐去的号码')),
                ('title', models.CharField(max_length=60, verbose_name='事由')),
                ('place', models.CharField(blank=True, max_length=80, verbose_name='具体位置')),
                ('channel', models.CharField(choices=[('web', '手机提交'), ('qr', '扫码提交'), ('api', '接口'), ('walk_in', '来访'), ('phone', '来电'), ('market', '赶场快登'), ('representative', '代表登记'), ('import', '导入')], max_length=16, verbose_name='来源')),
                ('came_by', models.CharField(blank=True, help_text='接待日、活动的编号。', max_length=24, verbose_name='登记渠道')),
                ('contact_name', core.privacy.EncryptedTextField(blank=True, default='', scope='intake.request.contact_name', verbose_name='称呼')),
                ('contact_phone', core.privacy.EncryptedTextField(blank=True, default='', scope='intake.request.contact_phone', verbose_name='手机号')),
                ('phone_index', models.CharField(blank=True, editable=False, max_length=32, verbose_name='手机号索引')),
                ('track_index', models.CharField(blank=True, editable=False, max_length=32, verbose_name='查询索引')),
                ('notify', models.CharField(choices=[('sms', '短信'), ('wechat', '微信'), ('phone', '打电话'), ('none', '自己来查')], default='none', max_length=8, verbose_name='怎么通知')),
                ('visibility', models.CharField(choices=[('station', '只有联络站'), ('handlers', '联络站、跟进的代表和办理单位')], default='station', max_length=10, verbose_name='谁能看到联系方式')),
                ('consent_version', models.CharField(max_length=20, verbose_name='同意书版本')),
                ('is_minor', models.BooleanField(default=False, verbose_name='未成年人')),
                ('is_urgent', models.BooleanField(default=False, verbose_name='加急')),
                ('is_confidential', models.BooleanField(default=False, verbose_name='保密')),
                ('is_public', models.BooleanField(default=False, verbose_name='可公开办理情况')),
                ('complexity', models.CharField(blank=True, choices=[('', '一般'), ('complex', '复杂')], default='', max_length=10, verbose_name='复杂程度')),
                ('instruction', models.CharField(blank=True, max_length=120, verbose_name='嘱咐')),
                ('returns', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='退回次数')),
                ('registered_on', models.DateField(blank=True, editable=False, null=True, verbose_name='受理日期')),
                ('promised_on', models.DateField(blank=True, editable=False, null=True, verbose_name='答应群众的日期')),
                ('planned_on', models.DateField(blank=True, editable=False, null=True, verbose_name='计划完成日期')),
                ('answered_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='答复时间')),
                ('told_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='反馈群众的时间')),
                ('solved', models.CharField(blank=True, choices=[('yes', '解决了'), ('partly', '部分解决'), ('no', '没解决'), ('cannot_tell', '说不清')], editable=False, max_length=12, verbose_name='解决了吗')),
                ('satisfied', models.CharField(blank=True, choices=[('satisfied', '满意'), ('basically', '基本满意'), ('dissatisfied', '不满意')], editable=False, max_length=14, verbose_name='满意吗')),
                ('rated_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='评价时间')),
                ('search', models.GeneratedField(db_persist=True, expression=models.Func(django.db.models.functions.text.Concat(models.F('reference'), models.Value(' '), models.F('title'), models.Value(' '), models.F('body'), models.Value(' '), models.F('place'), output_field=models.TextField()), function='liaison_grams'), output_field=django.contrib.postgres.search.SearchVectorField(), verbose_name='检索')),
                ('spaced', models.TextField(blank=True, editable=False, verbose_name='相似检索')),
                ('anonymised_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='匿名化时间')),
                ('legal_hold', models.BooleanField(default=False, verbose_name='依法保留')),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.category', verbose_name='分类')),
                ('follower', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followed_requests', to='representatives.person', verbose_name='跟进代表')),
                ('master', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='intake.constituentrequest', verbose_name='合并到')),
                ('station', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='stations.station', verbose_name='家站点')),
                ('unit', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='accounts.unit', verbose_name='承办单位')),
                ('village', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='村、社区')),
            ],
            options={
                'verbose_name': '群众诉求',
                'verbose_name_plural': '群众诉求',
            },
        ),
        migrations.CreateModel(
            name='AccusedUnit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='被反映的单位')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='accused', to='intake.constituentrequest', verbose_name='诉求')),
            ],
            options={
                'verbose_name': '被反映单位',
                'verbose_name_plural': '被反映单位',
            },
        ),
        migrations.CreateModel(
            name='RequestAssignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField(verbose_name='轮次')),
                ('assigned_at', models.DateTimeField(verbose_name='交办时间')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('ended_by', models.CharField(blank=True, max_length=32, verbose_name='怎么结束')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='intake.constituentrequest', verbose_name='诉求')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='单位')),
            ],
            options={
                'verbose_name': '交办',
                'verbose_name_plural': '交办',
                'ordering': ['assigned_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('reached', '打通了'), ('no_answer', '没人接'), ('wrong_number', '号码不对'), ('refused', '不愿多说')], max_length=12, verbose_name='结果')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='记录')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='谁打的')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='intake.constituentrequest', verbose_name='诉求')),
            ],
            options={
                'verbose_name': '回访记录',
                'verbose_name_plural': '回访记录',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('split', '拆分自'), ('detached', '从合并中拆出'), ('same', '群众说是同一件事')], max_length=10, verbose_name='关系')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('origin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offshoots', to='intake.constituentrequest', verbose_name='来自')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='intake.constituentrequest', verbose_name='诉求')),
            ],
            options={
                'verbose_name': '诉求关联',
                'verbose_name_plural': '诉求关联',
            },
        ),
        migrations.CreateModel(
            name='RequestNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('question', '请群众补充'), ('answer', '群众补充'), ('addition', '群众追加'), ('staff', '内部备注')], max_length=10, verbose_name='类别')),
                ('text', models.TextField(max_length=500, verbose_name='内容')),
                ('spans', core.privacy.EncryptedJSONField(blank=True, default=list, scope='intake.requestnote.spans', verbose_name='隐去的号码')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='谁写的')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='intake.constituentrequest', verbose_name='诉求')),
            ],
            options={
                'verbose_name': '来往留言',
                'verbose_name_plural': '来往留言',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestProgress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('title', models.CharField(max_length=120, verbose_name='标题')),
                ('text', models.TextField(blank=True, max_length=2000, verbose_name='内容')),
                ('station', models.PositiveSmallIntegerField(default=1, verbose_name='到哪一站')),
                ('event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.event', verbose_name='事件')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='progress', to='intake.constituentrequest', verbose_name='诉求')),
            ],
            options={
                'verbose_name': '群众可见进度',
                'verbose_name_plural': '群众可见进度',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestRating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField(verbose_name='轮次')),
                ('solved', models.CharField(blank=True, choices=[('yes', '解决了'), ('partly', '部分解决'), ('no', '没解决'), ('cannot_tell', '说不清')], max_length=12, verbose_name='解决了吗')),
                ('satisfied', models.CharField(blank=True, choices=[('satisfied', '满意'), ('basically', '基本满意'), ('dissatisfied', '不满意')], max_length=14, verbose_name='满意吗')),
                ('remark', models.CharField(blank=True, max_length=300, verbose_name='还有话说')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='代为记录')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='intake.constituentrequest', verbose_name='诉求')),
            ],
            options={
                'verbose_name': '群众评价',
                'verbose_name_plural': '群众评价',
            },
        ),
        migrations.CreateModel(
            name='RequestReply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField(verbose_name='轮次')),
                ('outcome', models.CharField(choices=[('solved', '已经解决'), ('planned', '正在解决'), ('cannot', '眼下解决不了')], max_length=8, verbose_name='办到哪一步')),
                ('headline', models.CharField(max_length=30, verbose_name='一句话结果')),
                ('body', models.TextField(max_length=2000, verbose_name='怎么办的')),
                ('basis', models.CharField(blank=True, max_length=200, verbose_name='依据')),
                ('planned_on', models.DateField(blank=True, null=True, verbose_name='哪天完成')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='送审时间')),
                ('signed_at', models.DateTimeField(blank=True, null=True, verbose_name='签发时间')),
                ('check_note', models.CharField(blank=True, max_length=200, verbose_name='审核意见')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='replies', to='intake.constituentrequest', verbose_name='诉求')),
                ('signed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='签发人')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='单位')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人')),
            ],
            options={
                'verbose_name': '答复',
                'verbose_name_plural': '答复',
                'ordering': ['written_at', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['station', 'state', '-id'], name='request_station_state'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['town_code', 'state', '-id'], name='request_town_state'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['county_code', 'state', '-id'], name='request_county_state'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['unit', 'state', '-id'], name='request_unit_state'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('follower__isnull', False)), fields=['follower', '-id'], name='request_follower'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('master__isnull', False)), fields=['master'], name='request_master'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['station', '-id'], name='request_station_id'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['town_code', '-id'], name='request_town_id'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['county_code', '-id'], name='request_county_id'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['unit', '-id'], name='request_unit_id'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['station', 'due_at', 'id'], name='request_station_due'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['town_code', 'due_at', 'id'], name='request_town_due'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['county_code', 'due_at', 'id'], name='request_county_due'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['unit', 'due_at', 'id'], name='request_unit_due'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['station', 'created_at', 'id'], name='request_station_at'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['town_code', 'created_at', 'id'], name='request_town_at'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['county_code', 'created_at', 'id'], name='request_county_at'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(fields=['channel', '-id'], name='request_channel'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('is_urgent', True)), fields=['-id'], name='request_urgent'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('satisfied', 'dissatisfied')), fields=['-id'], name='request_dissatisfied'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('solved', 'no')), fields=['-id'], name='request_unsolved'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('phone_index', ''), _negated=True), fields=['phone_index'], name='request_phone'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('track_index', ''), _negated=True), fields=['track_index'], name='request_track'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=models.Index(condition=models.Q(('anonymised_at__isnull', True), ('closed_at__isnull', False)), fields=['closed_at'], name='request_to_anonymise'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='request_search'),
        ),
        migrations.AddIndex(
            model_name='constituentrequest',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('spaced', name='gin_trgm_ops'), name='request_spaced'),
        ),
        migrations.AddConstraint(
            model_name='constituentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['received', 'registered', 'handling', 'assigned', 'signing', 'returned', 'escalated', 'waiting', 'merged', 'replied', 'told', 'callback', 'redoing', 'disputed', 'following', 'closed', 'closed_disputed', 'rejected', 'referred', 'withdrawn', 'archived'])), name='request_state_known'),
        ),
        migrations.AddConstraint(
            model_name='constituentrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state__in', ['closed', 'closed_disputed', 'rejected', 'referred', 'withdrawn', 'archived'])), models.Q(models.Q(('state__in', ['closed', 'closed_disputed', 'rejected', 'referred', 'withdrawn', 'archived']), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='request_closed_iff_closing_state'),
        ),
        migrations.AddConstraint(
            model_name='constituentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('master', models.F('id')), _negated=True), name='request_not_its_own_master'),
        ),
        migrations.AddConstraint(
            model_name='constituentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('rated_at__isnull', True), models.Q(('solved', ''), _negated=True), models.Q(('satisfied', ''), _negated=True), _connector='OR'), name='request_rated_whole'),
        ),
        migrations.AddConstraint(
            model_name='accusedunit',
            constraint=models.UniqueConstraint(fields=('request', 'unit'), name='accusedunit_once'),
        ),
        migrations.AddConstraint(
            model_name='requestassignment',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('request',), name='requestassignment_one_open'),
        ),
        migrations.AddConstraint(
            model_name='requestlink',
            constraint=models.UniqueConstraint(fields=('request', 'origin', 'kind'), name='requestlink_once'),
        ),
        migrations.AddConstraint(
            model_name='requestrating',
            constraint=models.UniqueConstraint(fields=('request', 'round'), name='requestrating_once_per_round'),
        ),
        migrations.AddConstraint(
            model_name='requestreply',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'planned'), _negated=True), ('planned_on__isnull', False), _connector='OR'), name='requestreply_planned_has_date'),
        ),
        migrations.AddConstraint(
            model_name='requestreply',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('signed_at__isnull', True), ('signed_by__isnull', True)), models.Q(('signed_at__isnull', False), ('signed_by__isnull', False)), _connector='OR'), name='requestreply_signed_whole'),
        ),
    ]
