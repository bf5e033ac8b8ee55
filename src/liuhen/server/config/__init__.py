"""The Django project: the instance and its settings, the front door, addresses, system checks."""
