"""Run nginx with the configurations in docs/in-front.md, and a test's name, ports and certificate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy import proxies
from tests.providers.tls import CERTIFICATE
from tests.serving import free_port

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def documented() -> str:
    """Read the configuration from the documentation, and put in the tests' certificate."""
    return re.sub(r"/etc/letsencrypt/\S+\.pem", str(CERTIFICATE), proxies.documented("nginx", "upstream"))


def write(folder: Path, sites: str) -> list[str]:
    """Write a configuration that uses only a folder; return the command that runs it."""
    folders = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
    alone = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{alone}http {{\naccess_log off;\n{folders}{sites}\n}}\n")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


@contextmanager
def in_front_of(port: int, name: str, folder: Path, tls: str = " ssl http2") -> Iterator[int]:
    """Run nginx in front of the app at a port; yield the port where it serves a name. An empty `tls` means plain
    http."""
    own = free_port()
    sites = documented().replace("chat.example.org", name).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    sites = sites.replace("443 ssl http2", f"{own}{tls}").replace("listen 80;", f"listen {free_port()};")
    with proxies.running(write(folder, sites), folder, own):
        yield own


@contextmanager
def beside_a_neighbour(port: int, name: str, folder: Path, own: int, strips: bool) -> Iterator[Path]:
    """Run nginx with the app under a path and another app at /; yield the log of the other app's requests."""
    upstream, neighbour = f"http://127.0.0.1:{port}{'/' if strips else ''}", folder / "neighbour.log"
    location = documented_location().replace("http://127.0.0.1:8000", upstream)
    asked = f'access_log {neighbour} asked; default_type text/html; return 200 "<!doctype html><p>Somebody else";'
    keys = f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {CERTIFICATE};"
    site = f"server {{ listen {own} ssl; server_name {name}; {keys}\n{location}location / {{ {asked} }} }}"
    with proxies.running(write(folder, f"log_format asked '$request $http_cookie';\n{site}"), folder, own):
        yield neighbour


def documented_location() -> str:
    """Read the documented location block for an app under a path."""
    return proxies.documented("nginx", "location")
