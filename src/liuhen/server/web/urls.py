"""Addresses of the pages. `/intake/`, `/media/` and `/ledger/` are the front door's."""

from __future__ import annotations

from django.urls import path

from liuhen.server.web.views import intake, proofs, recordings, session, tickets, today

urlpatterns = [
    path("", today.today, name="today"),
    path("log-in/", session.log_in, name="log-in"),
    path("log-out/", session.log_out, name="log-out"),
    path("language/", session.choose_language, name="language"),
    path("recordings/", recordings.recordings, name="recordings"),
    path("recordings.csv", recordings.recordings_csv, name="recordings-csv"),
    path("recordings/<uuid:recording_id>/", recordings.recording, name="recording"),
    path("recordings/<uuid:recording_id>/tickets/", tickets.issue_ticket, name="issue-ticket"),
    path("recordings/<uuid:recording_id>/receipt/", proofs.receipt, name="receipt"),
    path("recordings/<uuid:recording_id>/proofs/", proofs.proofs, name="proofs"),
    path("recordings/<uuid:recording_id>/events/<uuid:event_id>/", proofs.event, name="event"),
    path("recordings/<uuid:recording_id>/events/<uuid:event_id>/proof/", proofs.proof, name="proof"),
    path("tickets/<uuid:ticket_id>/open/", tickets.open_ticket, name="open-ticket"),
    path("tickets/<uuid:ticket_id>/end/", tickets.end_ticket, name="end-ticket"),
    path("intake-progress/", intake.intake, name="intake"),
    path("intake-progress/<uuid:collection_id>/receipts/", intake.receipts, name="receipts"),
]
