"""Answers on their way to a browser while they are written."""
