"""Intake: stations and their keys, collections, resumable uploads, sealing, receipts."""
