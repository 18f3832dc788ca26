"""Test docs/self-hosting.md and docs/in-front.md: commands exist, settings are ours, configurations parse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from chat import config
from tests.browser.site import Site
from tests.deploy import files, nginx, proxies
from tests.serving import ROOT
from tests.test_docs import blocks

PAGE = (ROOT / "docs/self-hosting.md").read_text() + (ROOT / "docs/in-front.md").read_text()
OF_PLATFORMS = {"WEB_CONCURRENCY", "POSTGRES_PASSWORD", "GUNICORN_CMD_ARGS"} | {
    "RAILWAY_DEPLOYMENT_DRAINING_SECONDS",
    "RAILWAY_RUN_UID",
}


def environment_file() -> dict[str, str]:
    """Read the settings for a self-hosted machine."""
    return dict(line.split("=", 1) for line in files.hosting_block("ini", "HOST=").splitlines())


def test_every_script_that_it_names_is_there() -> None:
    named = set(re.findall(r"\bbin/(?:backup|restore|run|test|check|bench)\b", PAGE))

    assert {script for script in named if not (ROOT / script).exists()} == set()


def test_every_variable_that_it_sets_is_a_setting_or_the_platforms() -> None:
    named = {*re.findall(r"\b([A-Z][A-Z_]+)=", PAGE), *re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE)}

    assert {"SECRET_KEY", "TRUSTED_PROXIES", "DATABASE_URL"} <= named
    assert named - files.SETTINGS - OF_PLATFORMS == set()


def test_every_link_within_it_leads_somewhere() -> None:
    lines = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in lines}

    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(r"`(app\.json|Procfile|render\.yaml|fly\.toml|railway\.json|Dockerfile|CHANGELOG\.md)`", PAGE)

    assert len(set(named)) == 7 and all((ROOT / name).exists() for name in named)


def test_the_settings_of_a_machine_of_ones_own_can_be_used() -> None:
    settings = config.load(environment_file())

    assert set(environment_file()) <= files.SETTINGS
    assert (settings.access, settings.host) == ("team", "127.0.0.1")


def test_systemd_waits_until_the_drain_is_over_and_sends_what_gunicorn_drains_on() -> None:
    service = files.unit()["Service"]

    assert (service["KillSignal"], service["KillMode"]) == ("SIGTERM", "mixed")
    assert float(environment_file()["DRAIN_SECONDS"]) + 4 < int(service["TimeoutStopSec"])


def test_systemd_starts_what_the_platforms_start_and_may_write_where_the_settings_say() -> None:
    service = files.unit()["Service"]

    assert files.procfile()["web"].endswith(service["ExecStart"].partition("bin/")[2])
    assert environment_file()["INSTANCE"] == f"/var/lib/{service['StateDirectory']}"


def test_systemd_leaves_a_worker_that_was_out_of_memory_to_gunicorn_to_replace() -> None:
    # By default it would stop the whole server, and every other worker's streams with it.
    assert files.unit()["Service"]["OOMPolicy"] == "continue"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="This test needs systemd-analyze.")
def test_systemd_can_read_the_unit(tmp_path: Path) -> None:
    # The check reads only the unit itself: the program that it starts is not on this machine.
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", files.unit_text(), flags=re.MULTILINE)
    (tmp_path / "rivulet.service").write_text(there)

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "rivulet.service")], capture_output=True, text=True
    )

    assert "rivulet.service" not in checked.stderr, checked.stderr


@pytest.mark.nginx
def test_nginx_can_read_its_configuration(tmp_path: Path) -> None:
    command = nginx.write(tmp_path, nginx.documented())

    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr


@pytest.mark.nginx
def test_behind_nginx_at_a_port_of_its_own_a_form_by_plain_http_is_taken(tmp_path: Path) -> None:
    site = Site(tmp_path, ACCESS="open", TRUSTED_PROXIES="1")

    with nginx.in_front_of(site.server.server_port, "localhost", tmp_path, tls="") as port:
        url = f"http://localhost:{port}"
        answer = requests.post(f"{url}/conversations", {"text": "Hello?"}, headers={"Origin": url})

    site.close()
    assert answer.status_code == 200, answer.text


@pytest.mark.skipif(not proxies.find("caddy"), reason="This test needs Caddy.")
@pytest.mark.parametrize("block", blocks("in-front.md", "caddy"))
def test_caddy_can_read_its_configuration(tmp_path: Path, block: str) -> None:
    (tmp_path / "Caddyfile").write_text(block.replace("$2a$14$...", "$2a$14$" + "a" * 53))

    checked = subprocess.run(
        [str(proxies.find("caddy")), "adapt", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )

    assert checked.returncode == 0, checked.stderr


def test_proxies_on_the_same_machine_are_told_the_visitors_address_and_hold_nothing_back() -> None:
    site = nginx.documented()

    assert "proxy_buffering off;" in site and "X-Forwarded-For $remote_addr" in site
    assert "X-Forwarded-Proto $scheme" in site and "proxy_http_version 1.1" in site
    assert "flush_interval -1" in blocks("in-front.md", "caddy")[0]


def test_compose_is_waited_for_but_not_for_ever() -> None:
    waits = re.findall(r"docker compose up[^`\n]* --wait\b[^`\n]*", PAGE)

    assert len(waits) == 4 and all(wait.endswith(" --wait --wait-timeout 120") for wait in waits)


def test_what_the_start_command_by_hand_is_agrees_with_the_file() -> None:
    assert files.hosting_block("sh", "GUNICORN_CMD_ARGS=").strip() == files.render()["startCommand"]
    assert files.hosting_block("sh", "HOST=0.0.0.0 python").strip() == files.render()["preDeployCommand"]
