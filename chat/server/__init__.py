"""What the server does around the app. gunicorn.conf.py uses it, so it imports nothing else but gunicorn's own."""
