"""Test the page of settings: it shows the values in force, and no secret."""

from __future__ import annotations

from flask.testing import FlaskClient

from chat.config import SECRET, SETTINGS
from chat.routes.admin.settings import GROUPS
from tests.marked import SECRETS


def test_an_admin_sees_what_is_set_and_what_it_means(admin: FlaskClient) -> None:
    page = admin.get("/admin/settings").text

    assert all(setting.name in page for setting in SETTINGS)
    assert ">team<" in page and "Who can chat" in page


def test_every_setting_has_a_place_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names.split()]

    assert sorted(grouped) == sorted(setting.name for setting in SETTINGS)


def test_what_nobody_chose_is_folded_away(admin: FlaskClient) -> None:
    access = admin.get("/admin/settings").text.partition("<h2>Access</h2>")[2].partition("</section>")[0]
    chosen, _, defaults = access.partition("<details")

    assert "ACCESS" in chosen and "SESSION_DAYS" in defaults and "4 defaults" in defaults


def test_a_secret_is_told_to_be_set_and_no_more(admin: FlaskClient) -> None:
    page = admin.get("/admin/settings").text

    assert "set (hidden)" in page
    assert not [value for value in SECRETS.values() if value in page]


def test_all_that_may_hold_a_secret_is_taken_for_one() -> None:
    telling = ("KEY", "PASSWORD", "SECRET", "TOKEN", "URL")

    held = {setting.name for setting in SETTINGS if any(word in setting.name for word in telling)}

    assert held - {"APP_URL"} == SECRET
