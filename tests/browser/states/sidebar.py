"""The sidebar and what opens from it: the list of chats, menus, appearance, shortcuts, the drawer of a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import update

from chat.config.durations import DAY
from chat.storage.database import clock
from chat.storage.tables import conversations
from tests.browser import teams
from tests.browser.site import Site, send
from tests.browser.states import texts
from tests.browser.states.controls import short
from tests.browser.states.state import DESKTOP, PHONE, TABLET, State, open_page, visiting
from tests.browser.teams import MEMBER
from tests.scripted import Gate
from tests.team import account
from tests.turns import answered, asked

READER = "gwen@example.org"
AGES = [0, 0, 0, 1, 1, 3, 6, 12, 25, 70, 400]
"""How many days ago each of the texts' questions was asked."""


@contextmanager
def library(folder: Path) -> Iterator[Site]:
    """Serve a team in which one member has chats of some days, and another has a hundred."""
    with teams.team(folder) as site:
        person = account(site.database, READER, name="Gwen")
        fill(site, person, texts.QUESTIONS * 9, [number // 2 for number in range(99)])
        with site.database.read() as connection:
            (member,) = connection.exec_driver_sql("SELECT id FROM people WHERE email = ?", (MEMBER,)).one()
        fill(site, member, texts.QUESTIONS, AGES)
        yield site


def fill(site: Site, person: int, questions: Sequence[str], ages: Sequence[int]) -> None:
    """Store a person's chats, each with an answer; the second newest answer is unread."""
    for number, (question, age) in reversed(list(enumerate(zip(questions, ages, strict=True)))):
        turn = answered(site.database, asked(site.database, person, question), texts.SHORT)
        facts = {"updated_at": clock() - age * DAY, "unread": number == 1}
        with site.database.write() as connection:
            connection.execute(update(conversations).where(conversations.c.id == turn.conversation_id).values(**facts))


def reading(page: Page, site: Site) -> None:
    """Open the newest chat."""
    open_page(page, site)
    page.goto(f"{site.url}{page.locator('.list__item').first.get_attribute('href')}")


def answering(page: Page, site: Site) -> None:
    """Leave a chat that is being answered, for a new one."""
    site.provider.will_say("A river begins", Gate())
    open_page(page, site)
    send(page, "Why are rivers blue on maps?")
    expect(page.locator(".reply")).to_contain_text("A river begins")
    open_page(page, site)
    expect(page.locator(".list__answering").first).to_be_visible()


def open_menu(page: Page) -> None:
    """Open the menu of the chat that is shown."""
    page.keyboard.press("Escape")
    page.locator("#menu-here").click()
    expect(page.locator("#menu form").first).to_be_visible()


def menu(page: Page, site: Site) -> None:
    short(page, site)
    open_menu(page)


def ask_to_delete(page: Page) -> None:
    """Open the menu and in it what asks before a chat is deleted."""
    open_menu(page)
    page.locator("#menu .asks summary").click()


def deleting(page: Page, site: Site) -> None:
    short(page, site)
    ask_to_delete(page)


def open_menu_of_row(page: Page) -> None:
    """Open the menu of a chat in the list."""
    page.keyboard.press("Escape")
    page.locator(".list li").nth(3).hover()
    page.locator(".list li button").nth(3).click()
    expect(page.locator("#menu form").first).to_be_visible()


def menu_of_row(page: Page, site: Site) -> None:
    reading(page, site)
    open_menu_of_row(page)


def appearance(page: Page, site: Site) -> None:
    reading(page, site)
    page.locator(".appearance summary").click()


def shortcuts(page: Page, site: Site) -> None:
    reading(page, site)
    page.locator(".sidebar__keys").click()
    expect(page.locator("#shortcuts")).to_be_visible()


def folded(page: Page, site: Site) -> None:
    """Hide the sidebar, and move the pointer away."""
    short(page, site)
    page.locator(".fold__folded").click()
    expect(page.locator("#sidebar")).to_be_hidden()
    page.mouse.move(0, 0)


def drawer(page: Page, site: Site) -> None:
    """Open the list as a phone's drawer."""
    page.set_viewport_size({"width": PHONE, "height": 844})
    reading(page, site)
    page.locator(".bar__menu").click()
    expect(page.locator("#sidebar")).to_be_visible()


def appearance_in_drawer(page: Page, site: Site) -> None:
    drawer(page, site)
    page.locator(".appearance summary").click()


WIDE = (TABLET, DESKTOP)

STATES = [
    State("The chats are grouped by day, and one is unread", reading, library, MEMBER),
    State("One of the chats is being answered", answering, library, MEMBER),
    State("The list is longer than the window", visiting("/"), library, READER),
    State("The menu of the open chat", menu, renew=open_menu),
    State("The menu asks before it deletes a chat", deleting, renew=ask_to_delete),
    State("The menu of a chat in the list", menu_of_row, library, MEMBER, widths=WIDE, renew=open_menu_of_row),
    State("The appearance can be chosen", appearance, library, MEMBER, widths=WIDE),
    State("The list of keyboard shortcuts", shortcuts, library, MEMBER, widths=WIDE),
    State("The sidebar is hidden", folded, widths=WIDE),
    State("On a phone the list is a drawer", drawer, library, MEMBER, widths=(PHONE,)),
    State("On a phone the appearance is chosen in the drawer", appearance_in_drawer, library, MEMBER, widths=(PHONE,)),
]
