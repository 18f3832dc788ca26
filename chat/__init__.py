"""Rivulet: a chat app for language models, in the order in which a message flows through it."""

VERSION = "unreleased"
"""What /metrics says is running: the newest heading of CHANGELOG.md."""
