"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from liuhen.server.web.views import entry, intake, recordings, today

urlpatterns = [
    path("", today.today, name="today"),
    path("log-in/", entry.log_in, name="log-in"),
    path("log-out/", entry.log_out, name="log-out"),
    path("language/", entry.choose_language, name="language"),
    path("recordings/", recordings.listing, name="recordings"),
    path("recordings/<uuid:recording_id>/", recordings.detail, name="recording"),
    path("recordings/<uuid:recording_id>/ticket/", recordings.open_ticket, name="open-ticket"),
    path("recordings/<uuid:recording_id>/proofs/", recordings.proofs, name="proofs"),
    path("recordings/<uuid:recording_id>/receipt.json", recordings.receipt, name="receipt"),
    path("tickets/<uuid:ticket_id>/play/", recordings.play, name="play"),
    path("tickets/<uuid:ticket_id>/end/", recordings.end_ticket, name="end-ticket"),
    path("collections/", intake.collections, name="intake"),
    path("collections/<uuid:collection_id>/receipts/", intake.receipts, name="receipts"),
]
