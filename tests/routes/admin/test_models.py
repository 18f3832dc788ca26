"""Test the pages where admins set up providers and models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.providers.base import Model
from chat.registry import ProviderRegistry
from tests.asking import PAGE, TEXT, begin, ended, named, reply_in
from tests.providers.server import Server, whole
from tests.rendering.corpus import CORPUS
from tests.scripted import Gate, Scripted
from tests.team import team

KEY = "sk-abcdefgh12345678"
HOME = "http://127.0.0.1:9/v1"
ACME = {"name": "acme", "kind": "openai", "url": HOME, "key": KEY}
MODELS = "/admin/models"


def bare(page: str) -> str:
    """Return a page without its request id."""
    return re.sub("<code>[0-9a-f]{32}</code>", "", page)


def registry(app: Flask) -> ProviderRegistry:
    """Return the registry of an app."""
    return app.extensions["rivulet"].registry


def test_an_admin_adds_a_provider_sees_the_end_of_its_key_and_never_the_key(app: Flask, admin: FlaskClient) -> None:
    answer = admin.post(MODELS, data=ACME)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{MODELS}/acme?done=saved")
    pages = [admin.get(path).text for path in (MODELS, answer.headers["Location"])]
    assert registry(app)["acme"].url == HOME
    assert all(HOME in page for page in pages) and "<code>5678</code>" in pages[1]
    assert not any("abcdefgh" in page for page in pages)


def test_another_worker_shows_at_once_what_was_added_here(
    app: Flask, admin: FlaskClient, provider: Scripted, tmp_path: Path
) -> None:
    other = team(tmp_path, provider).test_client()
    other.set_cookie(named(other), admin.get_cookie(named(admin)).value)  # type: ignore[union-attr]
    assert "acme" not in other.get(MODELS).text

    place = admin.post(MODELS, data=ACME).headers["Location"]

    assert other.get(place).status_code == 200


@pytest.mark.parametrize("url", [HOME, "nonsense"])
def test_what_the_environment_sets_up_is_not_changed_here(app: Flask, admin: FlaskClient, url: str) -> None:
    answers = [admin.post(f"{MODELS}/scripted{verb}", data={"url": url, "key": KEY}) for verb in ("", "/deletion")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert registry(app).find("scripted").url == "http://scripted.test"


def test_what_is_refused_is_kept_in_the_form_but_for_the_key(admin: FlaskClient) -> None:
    answer = admin.post(MODELS, data=ACME | {"url": 'ftp://"><b>.test'})

    assert answer.status_code == 400
    assert "The URL isn&#39;t valid" in answer.text and 'value="acme"' in answer.text
    assert "ftp://&#34;&gt;&lt;b&gt;.test" in answer.text and KEY not in answer.text


def test_with_another_address_the_key_is_asked_for_on_the_provider_s_own_page(app: Flask, admin: FlaskClient) -> None:
    admin.post(MODELS, data=ACME)

    answer = admin.post(f"{MODELS}/acme", data={"url": "http://127.0.0.1:10/v1", "key": ""})

    assert answer.status_code == 400 and "The URL changed, so enter the API key again." in answer.text
    assert 'value="http://127.0.0.1:10/v1"' in answer.text and registry(app)["acme"].url == HOME


def test_the_kind_and_the_name_of_a_provider_stay(app: Flask, admin: FlaskClient) -> None:
    admin.post(MODELS, data=ACME)

    admin.post(f"{MODELS}/acme", data={"name": "other", "kind": "aivvm", "url": HOME})

    assert registry(app).find("acme").kind == "openai" and "other" not in registry(app)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (MODELS, ACME),
        (f"{MODELS}/scripted", {"url": HOME}),
        (f"{MODELS}/scripted/state", {"off": "1"}),
        (f"{MODELS}/scripted/offer", {"was": "small"}),
        (f"{MODELS}/scripted/offer", {"first": "large"}),
        (f"{MODELS}/scripted/asking", {}),
        (f"{MODELS}/scripted/deletion", {}),
    ],
)
def test_a_member_finds_no_such_pages_and_changes_nothing(
    app: Flask, member: FlaskClient, path: str, form: dict[str, str]
) -> None:
    """Hold OW 24-7045: each route refuses members, even though no page shows it to them."""
    before = registry(app).now()
    nowhere = member.post("/admin/nowhere", data=form)

    answers = [member.post(path, data=form), member.get(path.removesuffix("/state"))]

    registry(app).refresh()
    assert registry(app).now() == before
    assert answers[0].status_code == 404 and bare(answers[0].text) == bare(nowhere.text)
    assert answers[1].status_code in {404, 405}


@pytest.mark.parametrize("path", ["nope", "acme/../scripted", "%2e%2e", "<b>", "a" * 300, "a%00b"])
def test_a_provider_that_is_not_there_is_not_found(admin: FlaskClient, path: str) -> None:
    for answer in (
        admin.get(f"{MODELS}/{path}"),
        *(admin.post(f"{MODELS}/{path}{verb}", data={"url": HOME}) for verb in ("", "/state", "/asking", "/deletion")),
    ):
        assert answer.status_code in {404, 308}


@pytest.mark.parametrize("field", ["url", "base_url", "host", "api_base", "provider", "key_url"])
def test_no_other_route_takes_an_address(app: Flask, member: FlaskClient, provider: Scripted, field: str) -> None:
    """Hold OW 24-7959, LC 26-54033, NC 23-49785: a user can't choose the server that Rivulet asks."""
    form = {"text": "Hello?", "model": "scripted/small", field: "http://evil.test/v1"}

    said = member.post("/conversations", data=form, headers=TEXT).text

    assert said == "Nothing was scripted.\n" and provider.calls[0].options == {}
    assert {service.url for service in registry(app).now().entries.values()} == {"http://scripted.test"}


def test_only_the_pages_for_admins_read_an_address_from_a_form() -> None:
    routes = Path(__file__).parents[3] / "chat" / "routes"

    readers = [
        path.name for path in routes.rglob("*.py") if "registry" in path.read_text() and "read_form" in path.read_text()
    ]

    assert readers == ["models.py"]


def test_a_model_that_was_turned_off_is_not_offered_and_refused_where_it_is_posted(
    member: FlaskClient, admin: FlaskClient, provider: Scripted
) -> None:
    """Hold OW 26-44555: the page hides a model, and the server refuses it as well."""
    admin.post(f"{MODELS}/scripted/offer", data={"was": "small"})

    page = member.get("/").text
    refused = member.post("/conversations", data={"text": "Hello?", "model": "scripted/small"}, headers=PAGE)

    assert "scripted/small" not in page and "scripted/large" in page
    assert refused.status_code == 400 and "no longer available" in refused.text
    assert "Hello?</textarea>" in refused.text and provider.calls == []


def test_a_model_that_was_turned_off_is_neither_tried_again_nor_continued(
    member: FlaskClient, admin: FlaskClient, provider: Scripted
) -> None:
    provider.will_say("Half an", finish_reason="length")
    conversation = begin(member)
    ended(member, conversation)
    reply = reply_in(member, conversation)
    admin.post(f"{MODELS}/scripted/offer", data={"was": "small"})

    continued = member.post(f"/replies/{reply}/continue")
    by_name = member.post(f"/replies/{reply}/retry", data={"model": "scripted/small"})
    member.post(f"/replies/{reply}/retry")
    ended(member, conversation)

    assert (continued.status_code, by_name.status_code) == (400, 400)
    assert [call.model for call in provider.calls] == ["small", "large"]


def test_the_model_to_begin_with_comes_first_and_answers_where_none_is_named(
    member: FlaskClient, admin: FlaskClient, provider: Scripted
) -> None:
    admin.post(f"{MODELS}/scripted/offer", data={"first": "large"})

    page = member.get("/").text
    member.post("/conversations", data={"text": "Hello?"}, headers=TEXT).get_data()

    assert page.index("scripted/large") < page.index("scripted/small")
    assert provider.calls[0].model == "large"
    assert re.search('name="first" value="large"[^>]* checked', admin.get(f"{MODELS}/scripted").text)


def test_where_the_one_to_begin_with_is_turned_off_the_next_one_is(
    member: FlaskClient, admin: FlaskClient, provider: Scripted
) -> None:
    admin.post(f"{MODELS}/scripted/offer", data={"first": "large"})
    admin.post(f"{MODELS}/scripted/offer", data={"was": "large"})

    member.post("/conversations", data={"text": "Hello?"}, headers=TEXT).get_data()

    assert provider.calls[0].model == "small"


def test_an_answer_goes_on_while_its_provider_is_turned_off_and_the_next_one_is_refused(
    member: FlaskClient, admin: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    conversation = begin(member)
    gate.wait_until_reached()

    admin.post(f"{MODELS}/scripted/state", data={"off": "1"})
    gate.open()

    assert "Hello" in ended(member, conversation)
    refused = member.post(f"/conversations/{conversation}/messages", data={"text": "More"}, headers=PAGE)
    assert refused.status_code == 503 and "More</textarea>" in refused.text
    assert "Off" in admin.get(MODELS).text

    admin.post(f"{MODELS}/scripted/state", data={"on": "1"})
    assert member.post("/conversations", data={"text": "Again"}, headers=TEXT).text == "Nothing was scripted.\n"


def test_a_provider_that_can_not_be_reached_says_so_and_is_asked_again(admin: FlaskClient) -> None:
    admin.post(MODELS, data=ACME)

    answer = admin.post(f"{MODELS}/acme/asking", follow_redirects=True)

    assert "acme doesn&#39;t work. 127.0.0.1:9 can&#39;t be reached. Check that it is running" in answer.text
    assert "Not working" in admin.get(MODELS).text


def test_what_is_deleted_is_gone(app: Flask, admin: FlaskClient) -> None:
    admin.post(MODELS, data=ACME)

    answer = admin.post(f"{MODELS}/acme/deletion", follow_redirects=True)

    assert "Provider deleted." in answer.text and "acme" not in registry(app)
    assert admin.get(f"{MODELS}/acme").status_code == 404


@pytest.mark.parametrize("text", [*CORPUS[:24], "{{ 'ran' * 2 }}", "line\r\nSet-Cookie: a=b", "\u202egnp.exe"])
def test_what_a_provider_says_is_text_in_the_pages(
    admin: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Hold LB 25-59417: names and sentences from outside are text on every page."""
    monkeypatch.setattr(provider, "models", lambda: [Model(text, text), Model("other", text)])
    monkeypatch.setattr(provider, "problem", lambda: text)

    for path in (MODELS, f"{MODELS}/scripted"):
        page = admin.get(path).text
        assert "ranran" not in page
        if "<" in text:
            assert text not in page


def test_an_address_that_is_found_to_be_meant_is_offered(app: Flask, admin: FlaskClient) -> None:
    with Server(whole("404 Not Found", ""), whole("200 OK", '{"data": [{"id": "a"}]}')) as server:
        admin.post(MODELS, data=ACME | {"url": server.url, "key": ""})

        page = admin.get(f"{MODELS}/acme").text

    assert f"There is one at {server.url}/v1" in page and f'value="{server.url}/v1"' in page


LIST = whole("200 OK", '{"data": [{"id": "a"}, {"id": "b"}]}')
WRONG_KEY = whole("401 Unauthorized", '{"error": {"message": "Incorrect API key provided"}}')


def told(page: str) -> list[str]:
    """Read what a page says at its top: a problem, a notice, or both."""
    return re.findall(r'<p class="(?:problem|done|welcome__setup)"[^>]*>(.*?)</p>', page)


def test_a_provider_that_is_connected_leads_to_the_first_page_with_one_of_its_models(admin: FlaskClient) -> None:
    with Server(LIST) as server:
        page = admin.post(MODELS, data=ACME | {"name": "River Labs", "url": server.url}, follow_redirects=True)

    assert page.request.path == "/" and told(page.text) == ["River Labs is connected: 2 models."]
    assert re.findall(r'<option value="([^"]+)" selected>', page.text) == ["River Labs/a"]


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([WRONG_KEY], "rejected the API key. Check it."),
        ([whole("404 Not Found", "")], "No model list at this URL. Does it need /v1?"),
        ([whole("200 OK", '{"data": []}')], "Load one there, then refresh the models."),
    ],
)
def test_a_provider_that_does_not_work_is_saved_and_the_page_says_both_in_one_message(
    app: Flask, admin: FlaskClient, answers: list[list[bytes]], problem: str
) -> None:
    with Server(*answers) as server:
        page = admin.post(MODELS, data=ACME | {"url": server.url}, follow_redirects=True)

    (message,) = told(page.text)
    assert page.request.path == f"{MODELS}/acme" and "acme" in registry(app).now().entries
    assert message.startswith("acme is saved, but doesn&#39;t work yet. ") and message.endswith(problem)


def test_whoever_mends_a_provider_goes_on_to_the_first_page(admin: FlaskClient) -> None:
    with Server(WRONG_KEY, LIST) as server:
        admin.post(MODELS, data=ACME | {"url": server.url})

        page = admin.post(f"{MODELS}/acme", data={"url": server.url, "key": "another-key-of-16"}, follow_redirects=True)

    assert page.request.path == "/" and told(page.text) == ["acme is connected: 2 models."]


def test_a_change_to_a_provider_that_works_is_tested_and_told_on_its_page(admin: FlaskClient) -> None:
    with Server(LIST, LIST, WRONG_KEY) as server:
        admin.post(MODELS, data=ACME | {"url": server.url})

        good = admin.post(f"{MODELS}/acme", data={"url": server.url, "key": "another-key-of-16"}, follow_redirects=True)
        bad = admin.post(
            f"{MODELS}/acme", data={"url": server.url, "key": "third-key-of-letters"}, follow_redirects=True
        )

    assert told(good.text) == ["acme is connected: 2 models."]
    assert len(told(bad.text)) == 1 and "rejected the API key. Check it." in told(bad.text)[0]


def test_a_double_click_connects_once(app: Flask, admin: FlaskClient) -> None:
    first, second = (admin.post(MODELS, data=ACME) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert admin.post(MODELS, data=ACME | {"key": "another-key-of-16"}).status_code == 400
    assert admin.get("/admin/audit").text.count("added a provider") == 1


def test_a_preset_fills_the_form(admin: FlaskClient) -> None:
    page = admin.get(f"{MODELS}?preset=groq").text

    assert 'name="name" value="Groq"' in page and 'name="url" type="url" value="https://api.groq.com/openai/v1"' in page
    assert 'href="https://console.groq.com/keys"' in page
    assert "<form class" not in admin.get(MODELS).text and "<form class" not in admin.get(f"{MODELS}?preset=x").text


def test_the_form_of_a_preset_stands_above_all_presets(admin: FlaskClient) -> None:
    page = admin.get(f"{MODELS}?preset=groq").text

    assert page.index("Connect Groq") < page.index('<form class="form"') < page.index('class="presets"')


def test_a_preset_that_is_connected_already_gets_another_name(admin: FlaskClient) -> None:
    admin.post(MODELS, data=ACME | {"name": "Groq"})

    assert 'name="name" value="Groq 2"' in admin.get(f"{MODELS}?preset=groq").text


def test_a_form_that_is_refused_keeps_its_preset(admin: FlaskClient) -> None:
    page = admin.post(MODELS, data=ACME | {"preset": "ollama", "url": "nonsense"}).text

    assert 'name="preset" value="ollama"' in page and "Ollama needs a key only" in page
