"""Django's management commands as this program needs them."""
