"""The ledger and the access log refuse UPDATE, DELETE and TRUNCATE, whoever asks."""

from django.db import migrations

# A test's teardown empties its own throw-away database; no other database is named so.
REFUSE = r"""
CREATE OR REPLACE FUNCTION liaison_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""
TABLES = ("core_event", "core_accesslog")


def _guard(table: str) -> str:
    return f"""
    CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION liaison_append_only();
    CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION liaison_append_only();
    """


def _unguard(table: str) -> str:
    return f"DROP TRIGGER {table}_no_change ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_initial")]
    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION liaison_append_only"),
        *[migrations.RunSQL(_guard(table), _unguard(table)) for table in TABLES],
    ]
