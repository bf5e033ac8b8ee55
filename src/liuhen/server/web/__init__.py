"""Pages: views, forms, templates, translations, static files."""
