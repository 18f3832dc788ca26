"""Watch an answer: it grows, survives a reload, ends, and its content does no harm."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from chat.providers.errors import Unavailable
from chat.rendering import Blocks, IncrementalRenderer
from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted

HOSTILE = """
<script>window.PWN = 1</script><img src=x onerror="window.PWN = 2"><svg onload="window.PWN = 3">
<iframe srcdoc="<script>parent.PWN = 4</script>"></iframe><style>body { display: none }</style>

[a](javascript:window.PWN=5) [b](data:text/html,<script>PWN=6</script>) ![c](https://tracker.example/c.png)
![d" onerror="window.PWN = 7](https://tracker.example/d.png) <https://tracker.example/e>

<p hx-get="/conversations" hx-trigger="load">f</p><div data-hx-get="/" hx-on:click="PWN = 8">g</div>
<hx-partial hx-target="#composer" hx-swap="delete"></hx-partial>

```html
<hx-x hx-get="/stolen" hx-trigger="load"><script>window.PWN = 9</script>
```

$\\href{javascript:PWN=10}{x}$ `<hx-partial hx-target="body" hx-swap="delete">`

The end of it.
"""


@pytest.mark.parametrize("javascript", [True, False])
def test_an_answer_is_seen_growing(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    gates = [Gate() for _ in range(3)]
    provider.will_say(
        "Once upon ", gates[0], "a time there was ", gates[1], "a river.\n\nIt ran ", gates[2], "to the sea."
    )
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Tell me a story")
    answer, lengths = page.locator(".reply").last, []

    for gate, words in zip(gates, ("Once upon", "there was", "It ran"), strict=True):
        expect(answer).to_contain_text(words)
        lengths.append(len(answer.inner_text()))
        gate.open()

    finished = page.locator(".reply--complete")
    expect(finished).to_contain_text("Once upon a time there was a river.")
    expect(finished).to_contain_text("It ran to the sea.")
    assert lengths == sorted(set(lengths)) and len(lengths) == 3
    assert finished.locator("p").count() == 2
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


@pytest.mark.parametrize(("javascript", "drawing"), [(True, IncrementalRenderer), (False, Blocks)])
def test_a_page_whose_stream_breaks_comes_to_the_end_of_its_answer_by_itself(
    visit: Callable[..., Page],
    site: Site,
    provider: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    javascript: bool,
    drawing: type[IncrementalRenderer] | type[Blocks],
) -> None:
    draw: Callable[..., object] = drawing.feed
    gate, fed = Gate(), count()
    provider.will_say("Once upon ", gate, "a time.")
    page = visit(site.url, java_script_enabled=javascript)

    def breaks(*given: object) -> object:
        if not next(fed):
            raise RuntimeError("broken on purpose")
        return draw(*given)

    monkeypatch.setattr(drawing, "feed", breaks)
    with page.expect_response(
        lambda response: response.url.endswith("/generation" if javascript else "/conversations")
    ):
        send(page, "Tell me a story")  # the stream is open before the model says more
    expect(page.locator(".reply").last).to_contain_text("Once upon")
    gate.open()

    expect(page.locator(".reply--complete")).to_contain_text("Once upon a time.")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert next(fed)


EVERYTHING = """
# A *head*

Words with **strong** ones, `code`, a [link](https://a.example) and a sum of $x^2$.

1. one
   - of **it**

     and more
   - of `that`
2. two

| a | b | c |
|---|:-:|---|
| 1 | | *3* |
| 4 |

> A quotation
> > in another

```python
def settle(account):
    return sum(account)  # all of it

```

- [x] done
- plain

<div>text</div>

> [!NOTE]
> Mind this.
"""


def test_what_grew_on_a_page_is_what_a_reload_shows(page: Page, provider: Scripted) -> None:
    provider.will_say(*re.findall(r"\s*\S{1,4}", EVERYTHING))
    send(page, "Show me everything")
    body = page.locator(".reply--complete .reply__body")
    expect(body).to_contain_text("Mind this.")
    grown = body.inner_html()

    page.reload()

    assert body.inner_html() == grown
    assert body.get_attribute("hx-preserve") is None


def test_a_reload_in_mid_answer_shows_the_text_so_far_and_goes_on(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("So far, ", gate, "so good.")
    send(page, "How is it going?")
    expect(page.locator(".reply")).to_contain_text("So far,")

    page.reload()
    expect(page.locator(".reply")).to_contain_text("So far,")
    gate.open()

    expect(page.locator(".reply--complete")).to_contain_text("So far, so good.")
    assert len(provider.calls) == 1


def test_every_load_of_a_page_with_a_running_answer_follows_it(page: Page, provider: Scripted) -> None:
    gate, follows = Gate(), []
    provider.will_say("Still here", gate)
    with page.expect_response("**/generation"):
        send(page, "Wait")
    page.on("request", lambda request: follows.append(request.url) if "/generation" in request.url else None)

    for _ in range(30):
        with page.expect_response("**/generation", timeout=4_000):  # the page tries again after 5 s
            page.reload()

    gate.open()
    expect(page.locator(".reply--complete")).to_be_visible()
    assert len(follows) == 30


def test_a_selection_in_what_is_being_written_is_left_alone(page: Page, provider: Scripted) -> None:
    first, gate = Gate(), Gate()
    provider.will_say("Take ", first, "these words ", gate, "with you.")
    send(page, "Say something quotable")
    expect(page.locator(".reply")).to_contain_text("Take")
    # By then the page follows: the first event sets the whole body.
    with page.expect_response("**/conversations?current=*"):
        pass
    first.open()
    block = page.locator(".reply__body > :last-child")
    expect(block).to_contain_text("Take these words")

    block.evaluate("block => getSelection().selectAllChildren(block)")
    with page.expect_response("**/conversations?current=*"):  # the list reloads every 3 s; nothing changes before that
        gate.open()
    selected = page.evaluate("getSelection().toString()")
    page.evaluate("getSelection().removeAllRanges()")

    expect(page.locator(".reply--complete")).to_contain_text("Take these words with you.")
    assert selected.strip() == "Take these words"


def test_a_stop_keeps_what_was_said(page: Page, provider: Scripted) -> None:
    provider.will_say("As I was ", Gate(), "saying")
    send(page, "Go on")
    expect(page.locator(".reply")).to_contain_text("As I was")

    page.get_by_role("button", name="Stop").click()

    expect(page.locator(".reply--stopped")).to_contain_text("Stopped.")
    expect(page.locator(".reply")).to_contain_text("As I was")
    assert provider.sayings[0].cancelled.is_set()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_provider_that_fails_can_be_tried_again(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    provider.will_say("Some words", Unavailable("The model can't be reached. Try again in a minute."))
    provider.will_say("Here I am.")
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Are you there?")
    expect(page.locator(".reply--interrupted")).to_contain_text("The model can't be reached.")
    expect(page.locator(".message")).to_contain_text("Are you there?")

    page.get_by_role("button", name="Retry answer").click()

    expect(page.locator(".reply--complete")).to_contain_text("Here I am.")
    expect(page.locator(".reply")).to_have_count(1)
    expect(page.locator(".message")).to_contain_text("Are you there?")


def test_only_the_last_answer_can_be_continued(page: Page, provider: Scripted) -> None:
    provider.will_say("Half an ", Unavailable("The model can't be reached."))
    provider.will_say("Here I am.")
    send(page, "Are you there?")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()

    send(page, "And now?")

    expect(page.locator(".reply--complete")).to_contain_text("Here I am.")
    expect(page.get_by_role("button", name="Continue")).to_be_hidden()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_hostile_answer_runs_nothing_and_asks_nobody(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    """OW 26-45303, 26-70480, 26-45317: in a real browser."""
    gate = Gate()
    provider.will_say(*HOSTILE[:700], gate, *HOSTILE[700:])
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Be nasty")
    expect(page.locator(".reply")).to_contain_text("onerror")
    gate.open()
    expect(page.locator(".reply--complete")).to_contain_text("The end of it.")

    assert page.evaluate("window.PWN") is None
    page.reload()

    expect(page.locator(".reply--complete")).to_contain_text("The end of it.")
    assert page.evaluate("window.PWN") is None
    assert page.locator(".reply :is(script, img, iframe, style, svg, [onerror], [hx-get], [data-hx-get])").count() == 0
    expect(page.locator("#composer")).to_be_visible()


def test_markdown_is_set_as_it_is_meant(page: Page, provider: Scripted) -> None:
    provider.will_say(
        "# A head\n\nSome *words*.\n\n- one\n- two\n\n",
        "```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$x^2$",
    )

    send(page, "Show me")

    answer = page.locator(".reply--complete")
    for selector in ("h1", "em", "ul li", "pre code", "table td", "math"):
        expect(answer.locator(selector).first).to_be_visible()
