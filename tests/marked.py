"""Secrets with a mark in them, by which tests/canary.py finds them wherever they are shown."""

from __future__ import annotations

MARK = "c4n4ry-f0r-th3-s34rch"
SECRETS = {
    "SECRET_KEY": f"{MARK}-signs-forms-and-all-of-that",
    "OPENAI_API_KEY": f"sk-{MARK}-of-openai",
    "AIVVM_API_KEY": f"sk-{MARK}-of-aivvm",
    "METRICS_TOKEN": f"{MARK}-of-metrics",
}
"""Settings that hold a secret, as the suite sets them."""

PASSWORD = f"{MARK} of a person"
"""The password with which people of the tests sign in."""

MAIL_SERVER = f"smtp://user:{MARK}-of-mail@127.0.0.1:1"
"""A mail server that nobody reaches, with a password in its address."""
