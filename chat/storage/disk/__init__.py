"""The disk: whether the platform empties it at each restart, or shares it with other machines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chat.config import Settings, is_loopback
from chat.storage import engines
from chat.storage.disk.heartbeat import Heartbeat
from chat.storage.disk.mounts import share_of

PLATFORMS = {
    "DYNO": "On Heroku",
    "RENDER": "On Render",
    "RAILWAY_SERVICE_ID": "On Railway",
    "FLY_APP_NAME": "On Fly",
    "K_SERVICE": "On Cloud Run",
}
"""The variable that identifies a platform. All of them empty disks that are no volumes."""

WITHOUT_VOLUMES = {"On Heroku"}
CONTAINERS = ("/.dockerenv", "/run/.containerenv")
"""The files that identify Docker and Podman."""

APP = Path(__file__).parent.parent.parent.parent

SHARED = (
    "The database is on a network share ({} at {}). There, SQLite can lose messages that people have already read, and "
    "only one machine can use it. Put it on a local disk, or move to Postgres with bin/move: see docs/self-hosting.md."
)


def warnings(environ: Mapping[str, str], settings: Settings) -> list[str]:
    """Return warnings for the admin about the disk, a sentence each."""
    file = engines.file_of(settings)
    if file is None:
        return []
    share = share_of(file)
    shared = [SHARED.format(share.kind, share.point)] if share else []
    return shared + warn_of_emptied_disk(file, place_of(environ, settings.host))


def claim(settings: Settings) -> None:
    """Claim a database on a network share for this machine. Raises DatabaseUnusable if another one uses it."""
    file = engines.file_of(settings)
    if file and share_of(file):
        with suppress(OSError):  # opening the database reports an unusable folder
            Heartbeat(file).begin()


def warn_of_emptied_disk(file: Path, place: str | None) -> list[str]:
    if place is None or is_kept(file.parent, place):
        return []
    volume = "" if place in WITHOUT_VOLUMES else f", or mount a volume at {file.parent}"
    return [
        f"{place} the disk is wiped at every restart or deploy, including all chats. "
        f"Set DATABASE_URL to a Postgres database{volume}: see docs/self-hosting.md."
    ]


def place_of(environ: Mapping[str, str], host: str) -> str | None:
    """Name the platform or the container that this runs in; None for an ordinary machine."""
    if known := next((name for variable, name in PLATFORMS.items() if environ.get(variable)), None):
        return known
    # A developer's container listens on its loopback.
    in_container = any(map(os.path.exists, CONTAINERS)) or "KUBERNETES_SERVICE_HOST" in environ
    return "In this container" if in_container and not is_loopback(host) else None


def is_kept(folder: Path, place: str) -> bool:
    """Return whether a folder is on a volume. Some platforms mount the app's folder, which is new at each deploy."""
    if place in WITHOUT_VOLUMES:
        return False
    own = {APP, *APP.parents} if place in PLATFORMS.values() else {Path("/")}
    return any(os.path.ismount(above) for above in (folder, *folder.parents) if above not in own)
