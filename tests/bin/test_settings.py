"""Test the sources of bin/run's settings: its arguments, the environment, .env."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bin.checkout import Checkout


@pytest.fixture(autouse=True)
def python(checkout: Checkout) -> None:
    checkout.has_python("python3")


def started(checkout: Checkout, dotenv: str, *arguments: str, **environ: str) -> dict[str, str]:
    """Start with a .env; return the environment of the server."""
    (checkout.root / ".env").write_text(dotenv)
    result = checkout.run("run", *arguments, **environ)
    assert result.returncode == 0, result.stderr
    return checkout.environment


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=value", "value"),
        ("  KEY = value  ", "value"),
        ("export KEY=value", "value"),
        ("KEY=value\r", "value"),
        ("KEY=two words", "two words"),
        ("KEY=value # a comment", "value"),
        ("KEY=a#b", "a#b"),
        ("KEY='a # b'  # a comment", "a # b"),
        ('KEY=" it\'s "', " it's "),
        ("KEY=a=b=c", "a=b=c"),
        ("KEY=*", "*"),
        ("KEY=$HOME `id` $(id) \\n", "$HOME `id` $(id) \\n"),
        ('KEY="$(touch here)"', "$(touch here)"),
        ("KEY='${HOME} it\\'s a\\\\b'", "${HOME} it's a\\b"),
        ('KEY="a\\tb"', "a\tb"),
    ],
)
def test_a_line_of_dotenv_is_read(checkout: Checkout, line: str, value: str):
    environment = started(checkout, f"# a comment\n\n{line}\nLAST=1")

    assert (environment["KEY"], environment["LAST"]) == (value, "1")
    assert not (checkout.root / "here").exists()


@pytest.mark.parametrize("first", ["KEY=value", "# a comment\nKEY=value", "export KEY=value"])
def test_what_windows_editors_put_before_the_first_line_is_no_part_of_it(checkout: Checkout, first: str):
    assert started(checkout, f"\ufeff{first}\r\nLAST=1\r\n")["KEY"] == "value"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_dotenv_of_another_encoding_is_refused_with_a_sentence(checkout: Checkout, encoding: str):
    (checkout.root / ".env").write_bytes("\ufeffKEY=sk-secret\r\n".encode(encoding))

    result = checkout.run("run")

    assert result.returncode == 3 and ".env is saved as UTF-16. Save it as UTF-8." in result.stderr
    assert "secret" not in result.stderr


def test_a_dotenv_in_latin_1_is_refused_with_a_sentence(checkout: Checkout):
    (checkout.root / ".env").write_bytes("KEY=Schlüssel\n".encode("latin-1"))

    result = checkout.run("run")

    assert (result.returncode, result.stderr) == (3, ".env isn't saved as UTF-8. Save it as UTF-8.\n")


@pytest.mark.parametrize("line", ["KEY=", "KEY=''", "KEY= # a comment"])
def test_an_empty_value_in_dotenv_counts_as_not_set(checkout: Checkout, line: str):
    assert "KEY" not in started(checkout, line)


@pytest.mark.parametrize("line", ["sk-secret", "1KEY=sk-secret", "KE;Y=sk-secret", "KEY='sk-secret", "=sk-secret"])
def test_a_line_that_cannot_be_read_is_named_but_not_shown(checkout: Checkout, line: str):
    (checkout.root / ".env").write_text(f"A=1\n\n# a comment\n\n{line}\nLAST='1'\n")

    result = checkout.run("run")

    assert result.returncode == 3
    assert result.stderr.startswith("Line 5 of .env can't be read.")
    assert "sk-secret" not in result.stderr + result.stdout


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="'\\\x7f\x85"), min_size=1)
)
def test_what_is_in_single_quotes_arrives_as_it_is(checkout: Checkout, value: str):
    assert started(checkout, f"KEY='{value}'")["KEY"] == value


def test_the_environment_wins_over_dotenv_also_when_it_is_empty(checkout: Checkout):
    environment = started(checkout, "A=1\nB=1\nC=1\n", A="2", B="")

    assert (environment["A"], environment["B"], environment["C"]) == ("2", "", "1")


def test_of_two_lines_for_one_name_the_first_that_is_not_empty_counts(checkout: Checkout):
    assert started(checkout, "A=\nA=1\nA=2\n")["A"] == "1"


def test_the_port_is_the_argument_else_the_environment_else_dotenv(checkout: Checkout):
    dotenv = "PORT=1111\n"

    assert started(checkout, dotenv)["PORT"] == "1111"
    assert started(checkout, dotenv, PORT="2222")["PORT"] == "2222"
    assert started(checkout, dotenv, "--port", "3333", PORT="2222")["PORT"] == "3333"
    assert started(checkout, dotenv, "--port=4444")["PORT"] == "4444"


@pytest.mark.parametrize("arguments", [("--port",), ("--port", "http"), ("--port=",), ("--prot", "1")])
def test_a_wrong_argument_ends_in_a_sentence(checkout: Checkout, arguments: tuple[str, ...]):
    result = checkout.run("run", *arguments)

    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert checkout.calls == []


def test_a_number_of_workers_that_is_none_ends_in_a_sentence(checkout: Checkout):
    result = checkout.run("run", WEB_CONCURRENCY="many")

    assert (result.returncode, result.stderr) == (3, "WEB_CONCURRENCY must be a whole number.\n")


def test_an_empty_number_of_workers_counts_as_not_set(checkout: Checkout):
    assert "WEB_CONCURRENCY" not in started(checkout, "", WEB_CONCURRENCY="")


def test_the_scripts_run_from_any_folder(checkout: Checkout):
    assert started(checkout, "")["PWD"] == str(checkout.root)
