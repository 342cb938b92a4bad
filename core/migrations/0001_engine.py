"""What the tables need of the engine: extensions, and the functions that hash events and cut words into grams."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

from core.ledger import SQL_EVENT_HASH
from core.search import SQL_GRAMS


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.RunSQL(SQL_EVENT_HASH, migrations.RunSQL.noop),
        migrations.RunSQL(SQL_GRAMS, migrations.RunSQL.noop),
    ]
