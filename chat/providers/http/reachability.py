"""Why a server can't be reached: the sentence for users, and the cause with the addresses for the log."""

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
    """Return the environment's proxy for a URL, or ""."""
    return select_proxy(url, get_environ_proxies(url, None)) or ""


def unreachable_error(fault: Exception, who: str, host: str, proxy: str, patience: float) -> Unavailable:
    """Return the error for a server that can't be reached; `patience` is the timeout in seconds."""
    error = Unavailable(unreachable_sentence(fault, who, proxy, patience))
    error.cause = f"{host} can't be reached{f' through {proxy_host(proxy)}' if proxy else ''}: {root_cause(fault)}"
    return error


def log_cause(error: ProviderError) -> ProviderError:
    """Log the cause of an error that its sentence does not tell."""
    if error.cause:
        logger.warning("%s", error.cause)
    return error


def unreachable_sentence(fault: Exception, who: str, proxy: str, patience: float) -> str:
    if isinstance(fault, requests.exceptions.SSLError):
        return certificates.UNTRUSTED.format(who=who)
    if proxy and isinstance(fault, (ValueError, requests.Timeout, requests.exceptions.ProxyError)):
        return f"{who} can't be reached: {proxy_problem(fault)}. Ask your admin to check {proxy_variable(proxy)}."
    if isinstance(fault, requests.Timeout):
        return f"{who} didn't respond within {patience:g} seconds. Try again later."
    return f"{who} can't be reached. Ask your admin to check that it is running and that its URL is correct."


def proxy_problem(fault: Exception) -> str:
    if refusal := root_cause(fault).partition("Tunnel connection failed: ")[2]:
        return f"the proxy refused the connection ({refusal})"
    if isinstance(fault, ValueError):  # never tried: SOCKS without PySocks, another scheme, an invalid URL
        return "its proxy isn't an HTTP proxy, such as http://proxy:3128"
    return "its proxy doesn't respond"


def proxy_host(proxy: str) -> str:
    """Return a proxy's host without the user and the password in its URL."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    place = parts.netloc.rpartition("@")[2]
    return place if parts.scheme in ("http", "https") else f"{parts.scheme}://{place}"


def proxy_variable(proxy: str) -> str:
    """Return the name of the variable that sets a proxy."""
    return next((f"{scheme.upper()}_PROXY" for scheme, it in getproxies().items() if it == proxy), "the proxy settings")


def root_cause(fault: BaseException) -> str:
    """Return the innermost exception behind a fault, on one line."""
    seen = [fault]
    while (inner := inner_exception(seen[-1])) and inner not in seen:
        seen.append(inner)
    return redact(f"{type(seen[-1]).__name__}: {seen[-1]}", "", LONGEST_CAUSE)


def inner_exception(fault: BaseException) -> BaseException | None:
    """Return the exception behind another one; urllib3 keeps it in fields of its own."""
    kept = (getattr(fault, "original_error", None), getattr(fault, "reason", None), *fault.args, fault.__cause__)
    return next((it for it in kept if isinstance(it, BaseException)), None)
