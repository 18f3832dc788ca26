"""Test the form of a provider's models: one save for all, a search, and what others change meanwhile."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import audit
from chat.providers.base import Model
from chat.registry import records
from chat.routes.admin import offer
from tests.routes.admin.conftest import ADMIN
from tests.scripted import Scripted

PAGE = "/admin/models/scripted"
LISTED = ["gpt-5", "gpt-5-mini", "claude-sonnet", "large"]


@pytest.fixture(autouse=True)
def listed(provider: Scripted, monkeypatch: pytest.MonkeyPatch) -> list[Model]:
    """The models that the provider lists; a test can change them."""
    found = [Model(name, name.title()) for name in LISTED]
    monkeypatch.setattr(provider, "models", lambda: list(found))
    monkeypatch.setattr(provider, "others", lambda: [Model("whisper-1", "Whisper")])
    return found


class Form:
    """The form of a page, as a browser fills it in and sends it."""

    def __init__(self, page: str):
        self.rows = re.findall(r'name="on" value="([^"]*)"( checked)?', page)
        self.first = re.findall(r'name="first" value="([^"]*)"[^>]*checked', page)
        self.hidden = {
            name: html.unescape(value)
            for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
        }

    def names(self) -> list[str]:
        return [html.unescape(name) for name, _ in self.rows]

    def ticked(self) -> list[str]:
        return [html.unescape(name) for name, checked in self.rows if checked]

    def data(self, on: list[str] | None = None, first: str | None = None) -> dict[str, str | list[str]]:
        """Return the fields with some models ticked; without any given, as the page shows them."""
        fields: dict[str, str | list[str]] = dict(self.hidden)
        fields["on"] = self.ticked() if on is None else on
        return fields | {"first": [first] if first else self.first}


def form(admin: FlaskClient, query: str = "") -> Form:
    return Form(admin.get(f"{PAGE}{query}").text)


def actions(app: Flask) -> list[tuple[str, str]]:
    """Read the audit log's changes of models, oldest first."""
    rows = reversed(audit.page(app.extensions["rivulet"].database))
    return [(row.action, row.subject) for row in rows if row.action.startswith("model_")]


def test_one_save_turns_models_on_and_off_and_sets_the_default(app: Flask, admin: FlaskClient) -> None:
    before = form(admin)

    answer = admin.post(f"{PAGE}/offer", data=before.data(["large", "whisper-1"], first="large"))

    after = admin.get(answer.headers["Location"]).text
    assert answer.status_code == 303 and answer.headers["Location"].endswith("#models")
    assert before.ticked() == LISTED and before.names() == [*LISTED, "whisper-1"]
    assert Form(after).ticked() == ["large", "whisper-1"] and Form(after).first == ["large"]
    assert "Saved. Applies to new answers." in after and "2 of 5 models are on" in after and "Not for chat" in after
    assert actions(app) == [
        ("model_on", "scripted/whisper-1"),
        ("model_off", "scripted, 3 models: gpt-5, gpt-5-mini, claude-sonnet"),
        ("model_first", "scripted/large"),
    ]


def test_without_a_choice_the_first_model_is_shown_as_the_default_and_a_save_keeps_it_open(
    app: Flask, admin: FlaskClient
) -> None:
    shown = form(admin)

    admin.post(f"{PAGE}/offer", data=shown.data(LISTED[1:]))

    assert shown.first == ["gpt-5"] and form(admin).first == ["gpt-5-mini"]
    assert app.extensions["rivulet"].registry.now().default == ""


def test_a_save_without_a_change_notes_nothing(app: Flask, admin: FlaskClient) -> None:
    admin.post(f"{PAGE}/offer", data=form(admin).data())
    admin.post(f"{PAGE}/offer")

    assert actions(app) == [] and form(admin).ticked() == LISTED


@pytest.mark.parametrize("query", ["?q=gpt", "?q=++GPT+5", "?q=5+gpt"])
def test_a_search_shows_some_models_and_saving_keeps_it_and_the_others(admin: FlaskClient, query: str) -> None:
    found = form(admin, query)

    answer = admin.post(f"{PAGE}/offer", data=found.data(["gpt-5-mini"]))

    assert found.names() == ["gpt-5", "gpt-5-mini"]
    assert Form(admin.get(answer.headers["Location"]).text).names() == found.names()
    assert form(admin).ticked() == ["gpt-5-mini", "claude-sonnet", "large"]


def test_a_search_that_hides_the_default_leaves_it(app: Flask, admin: FlaskClient) -> None:
    admin.post(f"{PAGE}/offer", data=form(admin).data(first="large"))

    admin.post(f"{PAGE}/offer", data=form(admin, "?q=gpt").data())

    assert app.extensions["rivulet"].registry.now().default == "scripted/large"
    assert "No model found." in admin.get(f"{PAGE}?q=zzz").text


def test_all_that_are_shown_are_ticked_or_cleared_by_a_link_and_saved_by_the_button(admin: FlaskClient) -> None:
    cleared, ticked = form(admin, "?q=gpt&all=off"), form(admin, "?all=on")

    unsaved = form(admin).ticked()
    admin.post(f"{PAGE}/offer", data=cleared.data())

    assert (cleared.ticked(), ticked.ticked()) == ([], [*LISTED, "whisper-1"])
    assert unsaved == LISTED and form(admin).ticked() == ["claude-sonnet", "large"]


def test_what_another_admin_changed_meanwhile_stays(app: Flask, admin: FlaskClient) -> None:
    old, registry = form(admin), app.extensions["rivulet"].registry
    records.save_models(registry, "another", "scripted", off=["large"], default="claude-sonnet")

    admin.post(f"{PAGE}/offer", data=old.data(["gpt-5", "claude-sonnet", "large"]))

    assert form(admin).ticked() == ["gpt-5", "claude-sonnet"] and form(admin).first == ["claude-sonnet"]


def test_a_model_that_is_no_longer_listed_is_left_out_and_the_rest_is_saved(
    admin: FlaskClient, listed: list[Model]
) -> None:
    old = form(admin)
    del listed[0]

    page = admin.post(f"{PAGE}/offer", data=old.data(["large"], first="gpt-5"), follow_redirects=True).text

    assert "Saved, except for models that aren" in page and Form(page).ticked() == ["large"]


def test_a_model_chosen_as_the_default_is_turned_on(admin: FlaskClient) -> None:
    admin.post(f"{PAGE}/offer", data=form(admin).data(["large"]))

    admin.post(f"{PAGE}/offer", data=form(admin).data(first="gpt-5"))

    assert form(admin).ticked() == ["gpt-5", "large"]


def test_a_model_with_an_odd_id_is_saved(app: Flask, admin: FlaskClient, listed: list[Model]) -> None:
    odd = ' a/b:"c" <d>&amp; '
    listed.append(Model(odd, odd))

    admin.post(f"{PAGE}/offer", data=form(admin).data(LISTED))

    assert app.extensions["rivulet"].registry.now().hidden == {("scripted", odd)}


def test_of_very_many_models_the_first_are_shown_and_a_search_finds_the_others(
    admin: FlaskClient, listed: list[Model]
) -> None:
    listed.extend(Model(f"m-{number}", f"m-{number}") for number in range(offer.MOST_SHOWN))

    page = admin.get(PAGE).text
    saved = admin.post(f"{PAGE}/offer", data=Form(page).data([]))

    assert len(Form(page).names()) == offer.MOST_SHOWN and "The first 300 of 305 are shown." in page
    assert saved.status_code == 303 and form(admin, "?q=m-299").ticked() == ["m-299"]


def test_a_member_saves_nothing(app: Flask, member: FlaskClient, admin: FlaskClient) -> None:
    sent = form(admin).data([])

    assert member.post(f"{PAGE}/offer", data=sent).status_code == 404
    assert app.extensions["rivulet"].registry.now().hidden == frozenset()
    assert ADMIN not in member.get("/").text
