"""What every app stands on: clock, ids, actor, base models, the database gate, text search, jobs."""
