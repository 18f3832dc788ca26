"""Test spooling: long answers wait unchanged in a bounded number of files, with a sentence if there is no room."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.web import spool
from chat.web.slots import Slots
from chat.web.spool import CHUNK_SIZE, LONG_ANSWER, DiskFull, Spool, TooManyDownloads
from tests.asking import HTMX, begin, ended
from tests.turns import lengthened

ADDRESS = "192.0.2.1"


@pytest.fixture(autouse=True)
def slots(monkeypatch: pytest.MonkeyPatch) -> Slots:
    """Slots that no other test has taken."""
    slots = Slots(3, 2, TooManyDownloads)
    monkeypatch.setattr(spool, "DOWNLOAD_SLOTS", slots)
    return slots


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with little room."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))


def filled(folder: Path, size: int, whose: str = ADDRESS) -> Spool:
    """Write an answer of a number of bytes."""
    return Spool(folder, whose).fill(["x" * size])


def breaking(text: str) -> Iterator[str]:
    """Yield a text, then raise an error."""
    yield text
    raise ZeroDivisionError


@pytest.mark.parametrize("count", [0, 1, 7, 400])
def test_what_was_written_is_read(tmp_path: Path, count: int) -> None:
    texts = ["éa " * 3_000] * count

    written = Spool(tmp_path, ADDRESS).fill(texts)
    pieces = list(written)

    assert b"".join(pieces).decode() == "".join(texts)
    assert written.size == sum(map(len, pieces)) and max(map(len, pieces), default=0) <= CHUNK_SIZE


def test_the_file_has_no_name(tmp_path: Path) -> None:
    with closing(filled(tmp_path, LONG_ANSWER)):
        assert not list(tmp_path.iterdir())


def test_a_folder_that_files_can_not_be_made_in_is_replaced_by_the_system_s(tmp_path: Path) -> None:
    """With Postgres, INSTANCE can be read-only, as in a container of Kubernetes."""
    assert spool.writable_folder(tmp_path) == tmp_path
    assert spool.writable_folder(tmp_path / "missing") == Path(tempfile.gettempdir())


def test_long_answers_wait_in_the_folder_that_was_found_at_the_start(app: Flask) -> None:
    assert app.extensions["rivulet"].spool == app.extensions["rivulet"].settings.instance


def test_so_many_long_answers_wait_for_one_reader_and_so_many_for_all(tmp_path: Path, slots: Slots) -> None:
    first, second = filled(tmp_path, LONG_ANSWER + 1), filled(tmp_path, LONG_ANSWER + 1)
    with pytest.raises(TooManyDownloads):
        filled(tmp_path, LONG_ANSWER + 1)
    third, short = filled(tmp_path, LONG_ANSWER + 1, "192.0.2.2"), filled(tmp_path, LONG_ANSWER)
    with pytest.raises(TooManyDownloads):
        filled(tmp_path, LONG_ANSWER + 1, "192.0.2.3")

    list(first)
    second.close()
    del third

    assert not slots._taken
    short.close()


def test_an_answer_that_breaks_while_it_is_written_leaves_no_place_taken(tmp_path: Path, slots: Slots) -> None:
    with pytest.raises(ZeroDivisionError):
        Spool(tmp_path, ADDRESS).fill(breaking("x" * (LONG_ANSWER + 1)))

    assert not slots._taken


def test_the_last_room_of_a_disk_is_left_to_the_database(tmp_path: Path, slots: Slots, full: None) -> None:
    filled(tmp_path, LONG_ANSWER).close()

    with pytest.raises(DiskFull):
        filled(tmp_path, LONG_ANSWER + 1)

    assert not slots._taken


def test_a_disk_that_can_not_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)

    with pytest.raises(DiskFull):
        filled(tmp_path, LONG_ANSWER)


@pytest.mark.parametrize("folder", [".", "gone"], ids=["a full disk", "a folder that can't be used"])
def test_an_answer_that_is_not_long_waits_in_memory_where_the_disk_takes_none(
    tmp_path: Path, full: None, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)

    assert b"".join(filled(tmp_path / folder, LONG_ANSWER)) == b"x" * LONG_ANSWER
    with pytest.raises(DiskFull):
        filled(tmp_path / folder, LONG_ANSWER + 1)


def test_a_stream_is_given_as_it_is_however_long_a_part_of_it_is(tmp_path: Path) -> None:
    texts = ["é", "x" * 1_000_000, "", "y"]

    pieces = list(spool.spool_long_texts(texts, lambda: Spool(tmp_path, ADDRESS)))

    assert b"".join(pieces).decode() == "".join(texts)
    assert max(map(len, pieces)) <= CHUNK_SIZE


@pytest.fixture
def conversation(app: Flask, client: FlaskClient) -> int:
    """A conversation whose page is long."""
    conversation = begin(client)
    ended(client, conversation)
    lengthened(app.extensions["rivulet"].database, conversation, ["word " * 120_000] * 4)
    return conversation


def test_a_long_page_is_whole_and_has_its_length(client: FlaskClient, conversation: int, slots: Slots) -> None:
    answer = client.get(f"/conversations/{conversation}")

    assert answer.content_length == len(answer.data) > LONG_ANSWER
    assert answer.text.count("word word") > 100_000 and answer.text.rstrip().endswith("</html>")
    answer.close()
    assert not slots._taken


def test_the_head_of_a_long_answer_takes_no_place(client: FlaskClient, conversation: int, slots: Slots) -> None:
    for path in (f"/conversations/{conversation}", f"/conversations/{conversation}.json"):
        head, whole = client.head(path), client.get(path)

        assert head.content_length == whole.content_length and not head.data
        head.close()
        whole.close()

    assert not slots._taken


def test_one_export_is_written_at_a_time(
    client: FlaskClient, conversation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "WRITE_LOCK_TIMEOUT", 0.01)

    with spool.hold_write_lock():
        early = client.get(f"/conversations/{conversation}.md")
    late = client.get(f"/conversations/{conversation}.md")

    assert (early.status_code, late.status_code) == (503, 200)
    late.close()


@pytest.mark.parametrize("path", ["/conversations/{}", "/conversations/{}.json", "/conversations/{}.md"])
def test_one_long_answer_too_many_gets_a_sentence(client: FlaskClient, conversation: int, path: str) -> None:
    reading = [client.get(f"/conversations/{conversation}.txt") for _ in range(2)]

    refused, fragment = (client.get(path.format(conversation), headers=headers) for headers in ({}, HTMX))

    assert {refused.status_code, fragment.status_code} == {503}
    assert refused.headers["Retry-After"] == "5" and "are loading" in refused.text
    assert fragment.headers["HX-Retarget"] == "#problem"
    for answer in reading:
        answer.close()


def test_a_full_disk_is_told_and_what_is_not_long_is_shown_all_the_same(
    app: Flask, client: FlaskClient, conversation: int, full: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = client.get(f"/conversations/{conversation}.json")
    monkeypatch.setattr(spool, "LONG_ANSWER", 10_000_000)
    monkeypatch.setattr(Spool, "fill", lambda *_: (_ for _ in ()).throw(DiskFull()))
    short = client.get(f"/conversations/{conversation}")

    assert long.status_code == 503 and "almost full" in long.text
    assert short.status_code == 200 and short.text.rstrip().endswith("</html>")
