# One image for web, worker, beat and migrate; docker-compose.yml says which process runs.
FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements.lock ./
# Neither the embedded engines nor the test tools: they have no business in production.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim-bookworm
# pg_dump and pg_restore of the server's own version, for `manage.py backup`: Debian 12 itself has 15.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /srv/liaison --shell /usr/sbin/nologin liaison \
    && install -d -o liaison -g liaison /srv/liaison /var/lib/liaison /var/lib/liaison/files
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUTF8=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=liaison.settings \
    LIAISON_ENV=production \
    STATE_DIR=/var/lib/liaison \
    MEDIA_ROOT=/var/lib/liaison/files \
    STATIC_ROOT=/srv/static \
    BIND=0.0.0.0:8000
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/liaison
COPY . .
# Static files belong to the image, so that every container serves the same. The values are for this one command;
# nothing that runs ever sees them.
RUN head -c 32 /dev/urandom | base64 | sed 's/^/build:/' > /tmp/pii_keys \
    && SECRET_KEY=only-while-the-image-is-built DATABASE_URL=postgresql://build/build REDIS_URL=redis://build/0 \
       SITE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid PII_KEY_FILE=/tmp/pii_keys \
       python manage.py collectstatic --noinput --verbosity 0 \
    && rm /tmp/pii_keys
USER liaison
EXPOSE 8000
CMD ["gunicorn", "-c", "python:liaison.webserver"]
