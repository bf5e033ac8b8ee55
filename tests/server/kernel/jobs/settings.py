"""Settings of the smallest program that has jobs: the worker tests run it in processes of their own."""

from __future__ import annotations

import os

SECRET_KEY = "for tests only"
INSTALLED_APPS = ["liuhen.server.kernel", "liuhen.server.kernel.jobs"]
DATABASES = {
    "default": {
        "ENGINE": "liuhen.server.kernel.sqlite",
        "NAME": os.environ["JOBS_DATABASE"],
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
        "CONN_MAX_AGE": None,
    }
}
TASKS = {
    "default": {"BACKEND": "liuhen.server.kernel.jobs.backend.LeaseBackend", "OPTIONS": {"MAX_ATTEMPTS": 2}},
}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
