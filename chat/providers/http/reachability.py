"""Why a server was not reached: what to tell of it, and what to log. A proxy of the environment is named."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit
from urllib.request import getproxies

import requests
from requests.utils import get_environ_proxies, select_proxy

from chat.providers.errors import ProviderError, Unavailable
from chat.providers.http import certificates
from chat.providers.http.redaction import redact

LONGEST_CAUSE = 200
logger = logging.getLogger(__name__)


def proxy_of(url: str) -> str:
    """Find the proxy that the environment names for an address; empty without one."""
    return select_proxy(url, get_environ_proxies(url, None)) or ""


def unreachable_error(fault: Exception, host: str, proxy: str, patience: float) -> Unavailable:
    """Make the error for a server that can't be reached, after `patience` seconds where it took too long."""
    error = Unavailable(sentence_of(fault, host, proxy, patience))
    error.cause = f"{host} can't be reached{f' through {place_of(proxy)}' if proxy else ''}: {cause_of(fault)}"
    return error


def log_cause(error: ProviderError) -> ProviderError:
    """Log what an error was caused by, where its sentence doesn't say it."""
    if error.cause:
        logger.warning("%s", error.cause)
    return error


def sentence_of(fault: Exception, host: str, proxy: str, patience: float) -> str:
    """Say why a server can't be reached."""
    if isinstance(fault, requests.exceptions.SSLError):
        return certificates.UNTRUSTED.format(host=host)
    if proxy and (is_unusable(fault) or is_late(fault) or isinstance(fault, requests.exceptions.ProxyError)):
        return f"{of_proxy(fault, host, proxy)} Whoever runs this app should check {setting_of(proxy)}."
    if is_late(fault):
        return f"The server at {host} can't be reached within {patience:g} seconds. Try again later."
    return f"The server at {host} can't be reached. Is it running, and is its address right?"


def of_proxy(fault: Exception, host: str, proxy: str) -> str:
    """Say what is wrong with a proxy."""
    refusal = cause_of(fault).partition("Tunnel connection failed: ")[2]
    if refusal:
        return f"The proxy at {place_of(proxy)} refuses the way to {host} ({refusal})."
    if is_unusable(fault):
        return f"The proxy {place_of(proxy)} can't be used: it has to be an HTTP proxy, such as http://proxy:3128."
    return f"The proxy at {place_of(proxy)}, which leads to {host}, can't be reached."


def is_unusable(fault: Exception) -> bool:
    """Tell whether a proxy wasn't even tried: SOCKS without PySocks, another scheme, an address that is none."""
    return isinstance(fault, ValueError)


def is_late(fault: Exception) -> bool:
    """Tell whether connecting took too long."""
    return isinstance(fault, requests.Timeout)


def place_of(proxy: str) -> str:
    """Name a proxy without the user and the password in its address."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    place = parts.netloc.rpartition("@")[2]
    return place if parts.scheme in ("http", "https") else f"{parts.scheme}://{place}"


def setting_of(proxy: str) -> str:
    """Name the variable that holds a proxy."""
    return next((f"{scheme.upper()}_PROXY" for scheme, it in getproxies().items() if it == proxy), "the proxy settings")


def cause_of(fault: BaseException) -> str:
    """Say what broke in the first place, on one line: the innermost of the exceptions behind a fault."""
    seen = [fault]
    while (inner := inner_of(seen[-1])) and inner not in seen:
        seen.append(inner)
    return redact(f"{type(seen[-1]).__name__}: {seen[-1]}", "", LONGEST_CAUSE)


def inner_of(fault: BaseException) -> BaseException | None:
    """Give the exception behind another one: urllib3 keeps it in fields of its own."""
    kept = (getattr(fault, "original_error", None), getattr(fault, "reason", None), *fault.args, fault.__cause__)
    return next((it for it in kept if isinstance(it, BaseException)), None)
