"""What the server does around the app. gunicorn.conf.py uses it, so it imports nothing but the standard library and gunicorn."""
