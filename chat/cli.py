"""Commands for a shell beside the running server: `flask user ...` and `flask invite`. Both use its database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from chat.config import address_of
from chat.people import accounts, audit, directory, invites, passwords, roles
from chat.people.accounts import BadEmail
from chat.people.directory import Member
from chat.people.invites import BadInvite, EmailTaken
from chat.people.passwords import BadPassword
from chat.people.roles import LastAdmin
from chat.storage.database import DatabaseAway, NotFound
from chat.web.state import state

BY = "command line"
"""The actor in the audit log, because a shell has no account."""

COLUMNS = ("EMAIL", "ROLE", "STATE", "LAST ACTIVE (UTC)", "NAME")

user = AppGroup("user", help="Manage accounts: add, list, change names and roles, suspend, reset passwords.")


def serves() -> bool:
    """Return whether this process serves. Other commands of flask must not adopt replies."""
    context = click.get_current_context(silent=True)
    return context is None or context.info_name == "run"


def register(app: Flask) -> None:
    for command in (user, invite):
        app.cli.add_command(command)


def report_errors(command: Callable[..., None]) -> Callable[..., None]:
    """End a command that fails with a sentence and the exit code 1."""

    @wraps(command)
    def run(**arguments: Any) -> None:
        try:
            command(**arguments)
        except (BadEmail, BadInvite, BadPassword, DatabaseAway, EmailTaken, LastAdmin) as error:
            raise click.ClickException(str(error)) from error
        except NotFound as error:
            raise click.ClickException(f"No account with the email {arguments.get('email')}.") from error

    return run


@user.command()
@click.argument("email")
@click.option("--name", default="", help="Display name.")
@click.option("--admin", is_flag=True, help="Create an admin instead of a member.")
@click.option("--password", "asks", is_flag=True, help="Prompt for a password instead of printing a reset link.")
@report_errors
def add(email: str, name: str, admin: bool, asks: bool) -> None:
    """Create an account, and print a link to set its password."""
    email = accounts.require_email(email)
    kept = passwords.hash_password(ask_password(email, name)) if asks else None
    person = directory.add(state.database, BY, email, accounts.ADMIN if admin else accounts.MEMBER, name, kept)
    click.echo(f"Account created for {email}.", err=True)
    if not asks:
        print_reset_link(person.id)


def ask_password(email: str, name: str) -> str:
    """Prompt for the password twice, without an echo. Raise BadPassword."""
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    passwords.require_good(password, email, name)
    return password


@user.command()
@click.argument("email")
@report_errors
def reset(email: str) -> None:
    """Print a reset link."""
    print_reset_link(find(email).id)


def print_reset_link(person_id: int) -> None:
    """Create a link, and print it alone to the standard output, so that programs can read it."""
    token = directory.create_reset(state.database, BY, person_id)
    click.echo("Send this link to them privately. It works once, for 30 minutes:", err=True)
    click.echo(link(f"/resets/{token}"))


@user.command()
@click.argument("email")
@click.argument("name")
@report_errors
def name(email: str, name: str) -> None:
    """Change a display name."""
    accounts.rename(state.database, BY, find(email).id, name)
    click.echo(f"Name of {email} changed.", err=True)


@user.command()
@click.argument("email")
@click.argument("role", type=click.Choice(accounts.ROLES))
@report_errors
def role(email: str, role: str) -> None:
    """Change a role to member or admin. The user must sign in again."""
    roles.change(state.database, BY, find(email).id, role)
    click.echo(f"{email} is now {'an admin' if role == accounts.ADMIN else 'a member'}.", err=True)


@user.command()
@click.argument("email")
@report_errors
def suspend(email: str) -> None:
    """Suspend an account: sign the user out everywhere and stop their running answers."""
    roles.suspend(state.database, BY, find(email).id)
    click.echo(f"{email} is suspended.", err=True)


@user.command()
@click.argument("email")
@report_errors
def reinstate(email: str) -> None:
    """Reinstate a suspended account."""
    roles.resume(state.database, BY, find(email).id)
    click.echo(f"{email} can sign in again.", err=True)


@user.command("list")
@report_errors
def list_all() -> None:
    """List all accounts."""
    lines = [COLUMNS, *map(describe, directory.everyone(state.database))]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def describe(person: Member) -> tuple[str, ...]:
    seen = f"{datetime.fromtimestamp(person.seen_at, UTC):%Y-%m-%d %H:%M}" if person.seen_at else "never"
    status = "suspended" if person.suspended_at else "active"
    return person.email or "", person.role, status, seen, audit.to_line(person.name or "")


@click.command()
@click.option("--role", type=click.Choice(accounts.ROLES), default=accounts.MEMBER, show_default=True)
@click.option("--days", type=int, default=invites.DAYS, show_default=True, help="Days until it expires.")
@click.option("--uses", type=int, default=1, show_default=True, help="Number of uses.")
@click.option("--email", help="Restrict to this email.")
@with_appcontext
@report_errors
def invite(role: str, days: int, uses: int, email: str | None) -> None:
    """Create an invite and print its link."""
    email = accounts.require_email(email) if email else None
    token = invites.create(state.database, BY, role, days, uses, email)
    people, span = role if uses == 1 else f"{role}s", "1 day" if days == 1 else f"{days} days"
    click.echo(f"Invite for {uses} {people}, valid for {span}:", err=True)
    click.echo(link(f"/invites/{token}"))


def find(email: str) -> Member:
    """Find the account with this email. Raise NotFound."""
    return directory.by_email(state.database, accounts.normalize_email(email))


def link(path: str) -> str:
    """Return the URL of a page; only its path if no setting names this server's URL."""
    return f"{address_of(state.settings)}{path}"
