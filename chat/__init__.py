"""Rivulet: a chat app for language models, in the order in which a message flows through it."""

VERSION = "0.1.0"
"""The version, which heads CHANGELOG.md; /metrics and the health page show it."""
