"""Run the proxies of docs/in-front.md with its configuration, and a test's name, ports and certificate."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests.providers.tls import CERTIFICATE
from tests.scripted import PATIENCE
from tests.serving import free_port
from tests.test_docs import blocks

PAGE = "in-front.md"
NAME, APP = "chat.example.org", "127.0.0.1:8000"


def find(program: str) -> str | None:
    """Find a program beside the Python that runs the tests, or on the PATH."""
    return shutil.which(program, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


def documented(language: str, start: str) -> str:
    """Read the one configuration with this language and beginning."""
    (block,) = [block for block in blocks(PAGE, language) if block.startswith(start)]
    return block


def caddy(folder: Path, app: int, name: str, port: int) -> list[str]:
    """Write Caddy's configuration; return the command that runs it."""
    alone = f"{{\nadmin off\npersist_config off\nauto_https off\nstorage file_system {folder}/caddy\n}}\n"
    site = documented("caddy", f"{NAME} {{\n\treverse_proxy").replace(APP, f"127.0.0.1:{app}")
    site = site.replace(f"{NAME} {{", f"https://{name}:{port} {{\n\ttls {CERTIFICATE} {CERTIFICATE}", 1)
    (folder / "Caddyfile").write_text(alone + site)
    return [find("caddy") or "caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def traefik(folder: Path, app: int, name: str, port: int) -> list[str]:
    """Write Traefik's two files; return the command that runs it."""
    main = documented("yaml", "entryPoints:").partition("certificatesResolvers:")[0]
    main = main.replace(":443", f":{port}").replace(":80", f":{free_port()}")
    watched = f"providers:\n  file:\n    filename: {folder}/rivulet.yml\n"
    routes = documented("yaml", "http:").replace(NAME, name).replace(APP, f"127.0.0.1:{app}")
    routes = re.sub(r"tls:\n +certResolver: \w+", "tls: {}", routes)
    own = f"tls:\n  certificates:\n    - certFile: {CERTIFICATE}\n      keyFile: {CERTIFICATE}\n"
    (folder / "traefik.yml").write_text(main + watched)
    (folder / "rivulet.yml").write_text(routes + own)
    return [find("traefik") or "traefik", f"--configFile={folder}/traefik.yml"]


Writer = Callable[[Path, int, str, int], list[str]]
"""Writes a proxy's configuration into a folder for the app's port, a name and the proxy's port; returns the command."""


@contextmanager
def in_front_of(write: Writer, app: int, name: str, folder: Path) -> Iterator[int]:
    """Run a proxy in front of the app at a port; yield the port where it serves a name over https."""
    port = free_port()
    with running(write(folder, app, name, port), folder, port):
        wait_for_the_app(port, name)
        yield port


def wait_for_the_app(port: int, name: str) -> None:
    """Wait until the app answers through a proxy, which can listen before it has its certificate and knows the app."""
    deadline = time.monotonic() + PATIENCE
    while not answers(port, name):
        assert time.monotonic() < deadline, f"The app doesn't answer through the proxy at {port}."
        time.sleep(0.02)


def answers(port: int, name: str) -> bool:
    """Tell whether the app answers through a proxy."""
    with suppress(requests.ConnectionError):
        url = f"https://localhost:{port}/healthz"
        return requests.get(url, headers={"Host": name}, verify=str(CERTIFICATE), timeout=PATIENCE).ok
    return False


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a proxy while a block runs, with its log in a folder."""
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)})
    try:
        wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None and time.monotonic() < deadline, f"{process.args!r} doesn't listen."
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
