"""Test the presets of well-known providers."""

from __future__ import annotations

import pytest

from chat.registry import presets
from chat.registry.form import check_name_is_free, read_form


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.slug)
def test_what_a_preset_fills_in_is_accepted_as_it_is(preset: presets.Preset) -> None:
    form = read_form({"name": preset.name, "kind": "openai", "url": preset.url})

    check_name_is_free(form.name, {"local"})
    assert (form.name, form.url) == (preset.name, preset.url)
    assert presets.find(preset.slug) == preset


def test_a_preset_needs_a_key_unless_it_is_on_this_machine() -> None:
    assert {preset.slug for preset in presets.PRESETS if not preset.keys} == {"ollama", "lmstudio", "llamacpp"}
    assert all(
        preset.url.startswith("http://127.0.0.1:" if not preset.keys else "https://") for preset in presets.PRESETS
    )


@pytest.mark.parametrize(("taken", "free"), [(set(), "Groq"), ({"groq"}, "Groq 2"), ({"groq", "groq 2"}, "Groq 3")])
def test_a_free_name_is_found(taken: set[str], free: str) -> None:
    assert presets.free_name("Groq", taken) == free
