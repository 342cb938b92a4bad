"""Settings: one flat file. Every value a deployment may set comes from the environment (`.env.example` lists them)."""

import base64
import hashlib
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

LIAISON_ENV = env.str("LIAISON_ENV", default="development")
PRODUCTION = LIAISON_ENV == "production"
TESTING = LIAISON_ENV == "test"
DEBUG = env.bool("DEBUG", default=False) and not PRODUCTION


def required_in_production(name: str, default: str) -> str:
    """The value of `name`; production refuses to start on a default nobody chose."""
    value = env.str(name, default="")
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"生产环境必须设置 {name}。Set {name}: see .env.example.")
    return default


def secret(name: str, default: str, *, optional: bool = False) -> str:
    """A secret given as NAME or, as container platforms do, in a file named by NAME_FILE."""
    path = env.str(f"{name}_FILE", default="")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return env.str(name, default=default) if optional else required_in_production(name, default)


STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / ".run")))
SECRET_KEY = secret("SECRET_KEY", "development-only-" + hashlib.sha256(str(BASE_DIR).encode()).hexdigest())
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = required_in_production("SITE_URL", "http://127.0.0.1:8000").rstrip("/")

# --- whose portal this is: words on every page, never a branch in the code
SITE_BRAND = env.str("SITE_BRAND", default="云岭代表家站")
SITE_OWNER = env.str("SITE_OWNER", default="云岭县人大常委会主办")
SITE_PHONE = env.str("SITE_PHONE", default="0000-555-0120")
SITE_AREA_CODE = env.str("SITE_AREA_CODE", default="990127000000")

# --- applications, roof to ground
INSTALLED_APPS = [
    "reports",
    "proposals",
    "projects",
    "votes",
    "intake",
    "stations",
    "representatives",
    "accounts",
    "core",
    "liaison.apps.LiaisonConfig",
    "liaison.apps.HouseAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "import_export",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "pgtrigger",
    "pghistory",
    "csp",
]

MIDDLEWARE = [
    "core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.DatabaseDownMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.middleware.StaffCsrfMiddleware",
    "accounts.middleware.WhoAsksMiddleware",
    "accounts.middleware.StaffSessionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "liaison.urls"
WSGI_APPLICATION = "liaison.wsgi.application"
ASGI_APPLICATION = "liaison.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.site",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# --- data
DATABASES = {
    "default": env.db_url_config(required_in_production("DATABASE_URL", "postgresql://liaison_app@/liaison"))
}
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True, ATOMIC_REQUESTS=False)
if TESTING:
    DATABASES["default"]["TEST"] = {"TEMPLATE": env.str("TEST_TEMPLATE", default="") or None}
# A request may not hold the database longer than this; jobs and migrations get their own limits.
STATEMENT_TIMEOUT_MS = env.int("STATEMENT_TIMEOUT_MS", default=10_000)
LOCK_TIMEOUT_MS = env.int("LOCK_TIMEOUT_MS", default=3_000)
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"]["options"] = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout=30000"
)
DATABASES["default"]["OPTIONS"]["connect_timeout"] = 5
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = required_in_production("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        "KEY_PREFIX": "liaison",
    },
    # Whole public pages for half a minute: cheaper than a round trip to the broker's host.
    "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "TIMEOUT": 30},
}
if TESTING:
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

# --- files: private ones are served by a view that asks the case's rule; no MEDIA_URL exists
PRIVATE_ROOT = Path(env.str("MEDIA_ROOT", default=str(STATE_DIR / "files")))
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(STATE_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Tests collect nothing: files are found where they stand.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = TESTING
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(PRIVATE_ROOT)},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# The national rules are one page of the admin with 700 fields, a congress with its members one of more.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000
DATA_UPLOAD_MAX_NUMBER_FILES = 12

# --- personal data at rest
PII_CIPHER = env.str("PII_CIPHER", default="aes-gcm")


def _pii_keys() -> dict[str, bytes]:
    """Key id → 32 bytes, first one current; a key file has one `id:base64` a line."""
    path = env.str("PII_KEY_FILE", default="")
    if path:
        lines = Path(path).read_text(encoding="utf-8").split()
        return {line.split(":", 1)[0]: base64.b64decode(line.split(":", 1)[1]) for line in lines}
    if PRODUCTION:
        raise ImproperlyConfigured("生产环境必须设置 PII_KEY_FILE。Set PII_KEY_FILE: see .env.example.")
    return {"dev": hashlib.sha256(b"development field key" + SECRET_KEY.encode()).digest()}


PII_KEYS = _pii_keys()
# The index key never rotates with the cipher keys: look-ups would go blind. It derives from the oldest key of the file.
BLIND_INDEX_KEY = hashlib.sha256(b"blind index" + list(PII_KEYS.values())[-1]).digest()

# --- backups: sealed with a key that stands neither in the database nor beside them; only the commands read it
BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(STATE_DIR / "backups")))
BACKUP_KEY_FILE = env.str("BACKUP_KEY_FILE", default="")

# --- who may enter
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECURITY_PROFILE = env.str("SECURITY_PROFILE", default="standard")
BREACHED_PASSWORDS_FILE = env.str("BREACHED_PASSWORDS_FILE", default="")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.PlainWordsValidator"},
    {"NAME": "accounts.passwords.BreachListValidator"},
    {"NAME": "accounts.passwords.ProfileValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "reports:home"
LOGOUT_REDIRECT_URL = "accounts:login"
# Second factor for staff: `enforce` sends everybody to enrolment, `optional` offers it. The demo says optional.
STAFF_SECOND_FACTOR = env.str("STAFF_SECOND_FACTOR", default="enforce" if PRODUCTION else "optional")
OTP_TOTP_ISSUER = SITE_BRAND
ADMIN_ALLOWED_NETWORKS = env.list("ADMIN_ALLOWED_NETWORKS", default=[])
ADMIN_PATH = env.str("ADMIN_PATH", default="admin/")
# /metrics opens from these networks, with this token; with both set, both are asked for; with neither, it is no page.
METRICS_ALLOWED_NETWORKS = env.list("METRICS_ALLOWED_NETWORKS", default=[])
METRICS_TOKEN = secret("METRICS_TOKEN", "", optional=True)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = "accounts.lockout.cooloff"
# By account and nothing else: an office behind one address must not be locked by one person. Addresses have a limit of
# their own (accounts.lockout.PER_ADDRESS, 30 a minute), which is why axes.W006 asks in vain for `ip_address` here.
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_HANDLER = "accounts.lockout.LockoutHandler"
AXES_USERNAME_CALLABLE = "accounts.lockout.login_name"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_DISABLE_ACCESS_LOG = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SECURE_COOKIES = env.bool("SECURE_COOKIES", default=PRODUCTION)
SESSION_ENGINE = "accounts.sessions"
# Over https a browser takes a cookie of these names only from us: from this host alone, or at least over https.
COOKIE_OF_HOST, COOKIE_OF_PATH = ("__Host-", "__Secure-") if SECURE_COOKIES else ("", "")
SESSION_COOKIE_NAME = f"{COOKIE_OF_HOST}session"
SESSION_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=30)
CSRF_COOKIE_NAME = f"{COOKIE_OF_HOST}csrf"
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.views.csrf_failure"

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
# `same-origin`, not `no-referrer`: with the latter the Origin header of the public forms is null.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

# --- background work: the broker only wakes, the truth stands in PostgreSQL
# Celery spells a unix socket differently from redis-py.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_DEFAULT_EXPIRES = 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Nobody at a form waits for a broker that is down: without `max_retries` a refused connection took six seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 0.4, "socket_connect_timeout": 0.2, "max_retries": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
HEARTBEAT_SECONDS = env.float("HEARTBEAT_SECONDS", default=5.0)

# --- messages: console and inbox until a channel is configured
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="noreply@localhost")
EMAIL_TIMEOUT = 5
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_KEY = env.str("SMS_GATEWAY_KEY", default="")
SMS_GATEWAY_SECRET = secret("SMS_GATEWAY_SECRET", "") if SMS_GATEWAY_URL else ""
# A gateway that knows our key takes a repeated call for one message; for another kind, doubt is alarmed, not repeated.
SMS_GATEWAY_IDEMPOTENT = env.bool("SMS_GATEWAY_IDEMPOTENT", default=True)
WEBHOOK_URL = env.str("WEBHOOK_URL", default="")
WEBHOOK_SECRET = secret("WEBHOOK_SECRET", "") if WEBHOOK_URL else ""
OUTBOUND_ALLOWED_HOSTS = env.list("OUTBOUND_ALLOWED_HOSTS", default=[])

# --- the public door
PUBLIC_FORM_MIN_SECONDS = env.int("PUBLIC_FORM_MIN_SECONDS", default=3)
RETENTION_DAYS = env.int("RETENTION_DAYS", default=730)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.api.SessionAuthentication", "core.api.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["core.throttle.HouseThrottle"],
    "EXCEPTION_HANDLER": "core.api.problem_json",
    "PAGE_SIZE": 25,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "家站点门户接口",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "WARNING" if TESTING else "INFO"},
    "loggers": {"django.server": {"level": "WARNING"}},
}
IMPORT_EXPORT_USE_TRANSACTIONS = True
PGHISTORY_APPEND_ONLY = True
# axes.W006: see AXES_LOCKOUT_PARAMETERS. security.W003 knows Django's CSRF middleware only by its own name and not by
# core.middleware.StaffCsrfMiddleware, which is that middleware (tests/accounts/test_views.py holds it to that).
SILENCED_SYSTEM_CHECKS = ["axes.W006", "security.W003"]
