"""nginx with the configuration of docs/in-front.md, and the name, ports and certificate of a test."""

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
    """Write a configuration that keeps to a folder; returns the command that runs it."""
    folders = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
    alone = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{alone}http {{\naccess_log off;\n{folders}{sites}\n}}\n")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


@contextmanager
def in_front_of(port: int, name: str, folder: Path, tls: str = " ssl http2") -> Iterator[int]:
    """Run nginx in front of the app at a port; yields the port where it serves a name. An empty `tls` is plain http."""
    own = free_port()
    sites = documented().replace("chat.example.org", name).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    sites = sites.replace("443 ssl http2", f"{own}{tls}").replace("listen 80;", f"listen {free_port()};")
    with proxies.running(write(folder, sites), folder, own):
        yield own
