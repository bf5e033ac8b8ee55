"""Django's pages as a WSGI application; the front door runs it in a bounded pool of threads."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

__all__ = ["application"]

application = get_wsgi_application()
