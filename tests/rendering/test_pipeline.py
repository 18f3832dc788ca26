"""Test the rendering of a finished text."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from chat import rendering
from chat.rendering import markdown, sanitizer
from chat.rendering.placeholders import Placeholders
from tests.rendering.checks import checked, text_of
from tests.rendering.constructs import CONSTRUCTS, TOGETHER

ALL = CONSTRUCTS | TOGETHER


@pytest.mark.parametrize("name", ALL)
def test_every_construct_is_rendered(name: str) -> None:
    text, expected = ALL[name]

    html = rendering.render(text, "m1")

    assert expected in html.replace(' translate="no"', "")
    assert checked(html)


@pytest.mark.parametrize("text", ["`a`", "```\na\n```", "    a", "$x$", "$$x$$", "$\\quux$", "<kbd>a</kbd>"])
def test_code_keys_and_formulas_are_left_alone_by_a_browser_that_translates(text: str) -> None:
    assert rendering.render(text, "m1").count(' translate="no"') == 1


def test_what_comes_out_is_marked_as_safe() -> None:
    assert isinstance(rendering.render("a", "m1"), Markup)
    assert isinstance(rendering.mark_safe("<p>a</p>"), Markup)


def test_footnotes_of_two_messages_have_different_ids() -> None:
    text = "a[^1] b[^2] c[^1]\n\n[^1]: one\n\n[^2]: two"

    ids = checked(rendering.render(text, "m1") + rendering.render(text, "m2")).ids

    assert len(ids) == len(set(ids)) == 10


def test_every_link_of_a_footnote_leads_somewhere() -> None:
    html = rendering.render("a[^x] b[^é] c[^x]\n\n[^x]: one\n\n[^é]: two", "m1")

    ids = checked(html).ids

    assert set(ids) == {part.partition('"')[0] for part in str(html).split('href="#')[1:]}


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_all_line_ends_are_the_same(ending: str) -> None:
    text = "# a\n\n```\nb\n```\n"

    html = rendering.render(text.replace("\n", ending), "m1")

    assert html == rendering.render(text, "m1")


def test_nul_and_lone_surrogates_are_replaced() -> None:
    html = rendering.render("a\0b\ud83dc", "m1")

    assert text_of(html).strip() == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "address", ["/logout", "//e.example", "#x", "x", "https:e", "https:/e", "ftp://e", "tel:1", ""]
)
def test_a_link_that_is_not_absolute_leads_nowhere(address: str) -> None:
    html = rendering.render(f"[a]({address}) [b](<{address}>)", "m1")

    assert "href" not in html


@pytest.mark.parametrize(
    "text",
    [
        "![a](http://e.example/x.png?d=secret)",
        "![a][r]\n\n[r]: https://e.example/x",
        "![a](https://me:pw@e.example/x 'title')",
        "![**a**](http://e.example)",
    ],
)
def test_an_image_becomes_a_link_that_names_its_host(text: str) -> None:
    """OW 24-7053; LC 25-66450; M365 25-32711: a picture that carries data away."""
    html = rendering.render(text, "m1")

    assert "a (e.example)</a>" in html
    assert "src" not in html and "<img" not in html


@pytest.mark.parametrize("address", ["data:image/png;base64,AAAA", "/x.png", "//e.example/x.png", "blob:x"])
def test_an_image_from_nowhere_is_its_description(address: str) -> None:
    html = rendering.render(f"![a cat]({address})", "m1")

    assert text_of(html).strip() == "a cat"
    assert "href" not in html


def test_an_image_in_a_link_is_that_link() -> None:
    html = rendering.render("[![build](https://img.example/b.svg)](https://ci.example)", "m1")

    assert html.count("<a ") == 1
    assert 'href="https://ci.example"' in html


@pytest.mark.parametrize("text", ["[bank](https://bank.example@evil.example/)", "https://bank.example@evil.example/"])
def test_a_link_with_a_users_name_names_the_host(text: str) -> None:
    assert text_of(rendering.render(text, "m1")).strip().endswith("(evil.example)")


def test_a_failure_shows_the_text(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """OW 26-70492: the fallback for unrenderable text put raw text in."""

    class Panic(BaseException):
        """A panic in Rust, as it arrives in Python."""

    def panic(text: str, is_growing: bool = False) -> str:
        raise Panic

    monkeypatch.setattr(markdown, "to_html", panic)

    html = rendering.render("a <b>", "m1")

    assert html == '<pre class="plain">a &lt;b&gt;</pre>'
    assert "the rendering of" in caplog.text
    assert "a <b>" not in caplog.text


def test_the_sanitiser_has_the_last_word_on_what_markdown_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """OW 26-44568: cleaned before markdown made markup of it."""
    hostile = '<p onclick="x" hx-get="/a" class="code" id="m1-note-1">a<script>b</script><img src=x><iframe></iframe>'
    monkeypatch.setattr(markdown, "to_html", lambda text, **_: hostile)

    html = rendering.render("a", "m1")

    assert html == '<p class="" dir="auto">a</p>'


def test_what_we_make_ourselves_cannot_be_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = (
        '<div class="table" role="region" tabindex="0">a</div><pre tabindex="0">b</pre><figure class="code">c</figure>'
    )
    monkeypatch.setattr(markdown, "to_html", lambda text, **_: forged)

    html = rendering.render("a", "m1")

    assert html == '<div class="">a</div>bc'


def test_a_token_of_another_rendering_is_text() -> None:
    placeholders, others = Placeholders("m1", None), Placeholders("m2", None)
    token = others.extract("<pre><code>secret\n</code></pre>")

    html = placeholders.restore(sanitizer.clean(placeholders.extract(f"<p>{token}</p><pre><code>own</code></pre>")))

    assert token in html
    assert "secret" not in html


def test_sanitising_twice_changes_nothing() -> None:
    html = sanitizer.clean("".join(markdown.to_html(text) for text, _ in ALL.values()))

    assert sanitizer.clean(html) == html


def test_the_title_of_an_image_is_the_links() -> None:
    html = rendering.render('![a](https://b.example/c.png "A cat & \\"d\\"")', "m1")

    assert 'title="A cat &amp; &quot;d&quot;"' in html
