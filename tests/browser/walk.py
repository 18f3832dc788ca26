"""Walk through Rivulet as a user: claim, sign in, ask, stop, rename, sign out."""

from __future__ import annotations

from chat.people import first_admin
from tests.browser.origins import Instance
from tests.browser.tabs import Tab
from tests.marked import PASSWORD
from tests.scripted import Gate
from tests.serving import KEY


def whole(tab: Tab, instance: Instance) -> None:
    """Take all the steps."""
    claim(tab, instance)
    sign_out(tab)
    sign_in(tab)
    watch_an_answer(tab, instance)
    stop_an_answer(tab, instance)
    rename(tab, instance)
    sign_out(tab)


def claim(tab: Tab, instance: Instance) -> None:
    """Become the first admin through the link in the log."""
    follow_the_link(tab, instance)
    fill_account(tab)
    tab.click('[action$="/claim"] button')
    tab.see("#text")


def follow_the_link(tab: Tab, instance: Instance) -> None:
    tab.open(f"{instance.url}/claim/{first_admin.token(instance.app.extensions['rivulet'].database, KEY)}")


def fill_account(tab: Tab) -> None:
    """Enter an email address and a password."""
    tab.fill("[name=email]", "ann@example.org")
    tab.fill("[name=password]", PASSWORD)


def sign_in(tab: Tab) -> None:
    """Sign in with the form on the open page."""
    fill_account(tab)
    tab.click("#sign-in button")
    tab.see("#text")


def sign_out(tab: Tab) -> None:
    """Sign out on the account page."""
    tab.click('[href$="/account"]')
    tab.click('[action$="/sign-out"] button')
    tab.see("#sign-in")


def send(tab: Tab, text: str) -> None:
    tab.fill("#text", text)
    tab.click(".composer__send")


def watch_an_answer(tab: Tab, instance: Instance) -> None:
    """Send a message, and see its answer both before and after it ends."""
    gate = Gate()
    instance.provider.will_say("A river ", gate, "ends in the sea.")
    send(tab, "What of rivers?")
    tab.see(".reply", "A river")
    gate.open()
    tab.see(".reply--complete", "A river ends in the sea.")


def stop_an_answer(tab: Tab, instance: Instance) -> None:
    """Send another message, and stop its answer."""
    instance.provider.will_say("A lake ", Gate())
    send(tab, "And of lakes?")
    tab.see(".reply", "A lake")
    tab.click('[action$="/stop"] button')
    tab.see(".reply--stopped", "A lake")


def rename(tab: Tab, instance: Instance) -> None:
    """Reopen the conversation, whose page no longer changes, and give it another title."""
    tab.open(f"{instance.url}/conversations/1")
    tab.click("#menu-here")
    tab.fill("[name=title]", "Waters")
    tab.click(".rename button")
    tab.see(".list__title", "Waters")
