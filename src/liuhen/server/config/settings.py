"""Django's settings, made from the instance (`config/instance.py`). Nothing is set by hand here that an agency sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from liuhen.server.config.bodies import BODY_LIMIT
from liuhen.server.config.instance import Instance

INSTANCE = Instance.from_environment()
_own = INSTANCE.settings

# Empty until `liuhen init` has run: Django then refuses to sign anything, loudly.
SECRET_KEY = INSTANCE.secret_key_file.read_text(encoding="ascii") if INSTANCE.is_initialised else ""
DEBUG = False
ALLOWED_HOSTS = list(_own.allowed_hosts)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "liuhen.server.kernel",
    "liuhen.server.kernel.jobs",
    "liuhen.server.accounts",
    "liuhen.server.vault",
    "liuhen.server.ledger",
    "liuhen.server.devices",
    "liuhen.server.recordings",
    "liuhen.server.media",
    "liuhen.server.intake",
    "liuhen.server.access",
    "liuhen.server.web",
    "liuhen.server.config.apps.ConfigApp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "liuhen.server.web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "liuhen.server.web.middleware.ActorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "liuhen.server.config.urls"
WSGI_APPLICATION = "liuhen.server.config.wsgi.application"
ASGI_APPLICATION = "liuhen.server.config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "liuhen.server.web.context.frame",
            ],
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "liuhen.server.kernel.sqlite",
        "NAME": INSTANCE.database,
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
        "CONN_MAX_AGE": None,
    }
}

TASKS = {"default": {"BACKEND": "liuhen.server.kernel.jobs.backend.LeaseBackend"}}

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "log-in"
LOGIN_REDIRECT_URL = "today"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "web/locked_out.html"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).parents[1] / "web" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = _own.time_zone
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
# Served from the installed package itself: nothing to collect, nothing that can be out of step after an upgrade.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 300

# Pages carry small forms only; bytes of recordings never pass through Django.
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "liuhen.server.web.views.errors.csrf_failed"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _own.behind_tls
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _own.behind_tls else None
SECURE_SSL_REDIRECT = _own.behind_tls
SECURE_HSTS_SECONDS = 31_536_000 if _own.behind_tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "media-src": ["'self'"],
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
X_FRAME_OPTIONS = "DENY"
# Plain HTTP is for loopback and for a TLS front; `behind_tls` turns the cookie, redirect and HSTS settings on together.
# Subdomains and the browsers' preload list are for the owner of the whole domain to decide, not for one service in it.
SILENCED_SYSTEM_CHECKS = (
    ["security.W005", "security.W021"]
    if _own.behind_tls
    else ["security.W004", "security.W008", "security.W012", "security.W016"]
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"axes": {"level": "WARNING"}, "uvicorn": {"level": "WARNING"}},
}
