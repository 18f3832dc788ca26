"""Test a developer's commands: bin/dev, and the hooks of pre-commit."""

from __future__ import annotations

import re
import shlex
import shutil

from tests.bin.checkout import ROOT, Checkout
from tests.deploy.files import read_yaml


def test_the_server_restarts_for_each_file_that_a_page_is_made_of(checkout: Checkout) -> None:
    checkout.has_python("python3")
    for tool in ("sed", "tr"):
        checkout.has_tool(tool, f'#!/bin/sh\nexec {shutil.which(tool)} "$@"\n')
    for path in ("templates/errors/page.html", "static/css/base.css"):
        (checkout.root / path).parent.mkdir(parents=True)
        (checkout.root / path).touch()

    checkout.run("dev", "--port", "8123", GUNICORN_CMD_ARGS="--threads 2")

    options = shlex.split(checkout.environment["GUNICORN_CMD_ARGS"])
    assert options[:3] == ["--threads", "2", "--reload"]
    assert set(options[4::2]) == {"templates/errors/page.html", "static/css/base.css"}
    assert set(options[3::2]) == {"--reload-extra-file"}
    assert checkout.environment["PORT"] == "8123"


def test_pre_commit_runs_what_the_check_runs() -> None:
    hooks = [hook for repo in read_yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]

    entries = [hook["entry"] for hook in hooks]

    script = (ROOT / "bin/check").read_text()
    assert entries == re.findall(r'^(?:exec )?(\.venv/bin/python -m .+|bin/test)(?: "\$@")?$', script, re.MULTILINE)
