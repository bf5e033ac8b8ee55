"""A demonstration instance, filled by the real path: rendered clips, the real collector, the real server."""
