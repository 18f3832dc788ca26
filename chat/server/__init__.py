"""The server around the app. gunicorn.conf.py uses this room, so it imports nothing but gunicorn."""
