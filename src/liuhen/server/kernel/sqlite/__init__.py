"""Django's SQLite backend on a safe SQLite, with one gate for write transactions."""
