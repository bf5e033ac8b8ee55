"""Addresses of the pages. Uploads, media and the ledger's files are the front door's (`asgi.py`), not Django's."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("liuhen.server.web.urls"))]

handler400 = "liuhen.server.web.views.errors.bad_request"
handler403 = "liuhen.server.web.views.errors.forbidden"
handler404 = "liuhen.server.web.views.errors.not_found"
handler500 = "liuhen.server.web.views.errors.server_error"
