#!/bin/bash
# Runs once, when the postgres container makes its data: the role that owns and migrates, and the one the site runs as.
set -euo pipefail
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
    --set owner_password="$OWNER_DB_PASSWORD" --set app_password="$APP_DB_PASSWORD" <<'SQL'
-- CREATEDB: a backup is proved by restoring it into a scratch database.
CREATE ROLE liaison_owner LOGIN CREATEROLE CREATEDB PASSWORD :'owner_password';
CREATE ROLE liaison_app LOGIN PASSWORD :'app_password';
GRANT liaison_app TO liaison_owner WITH ADMIN OPTION;
CREATE DATABASE liaison OWNER liaison_owner;
REVOKE CONNECT ON DATABASE liaison FROM PUBLIC;
GRANT CONNECT ON DATABASE liaison TO liaison_app;
SQL
