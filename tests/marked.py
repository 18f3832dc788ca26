"""Define secrets that contain a mark; tests/canary.py searches all output for the mark."""

from __future__ import annotations

MARK = "c4n4ry-f0r-th3-s34rch"
SECRETS = {
    "SECRET_KEY": f"{MARK}-signs-forms-and-all-of-that",
    "OPENAI_API_KEY": f"sk-{MARK}-of-openai",
    "AIVVM_API_KEY": f"sk-{MARK}-of-aivvm",
    "METRICS_TOKEN": f"{MARK}-of-metrics",
}
"""Settings that hold a secret, with the suite's values."""

PASSWORD = f"{MARK} of a person"
"""The password of the tests' users."""

MAIL_SERVER = f"smtp://user:{MARK}-of-mail@127.0.0.1:1"
"""A mail server that doesn't exist, with a password in its address."""
