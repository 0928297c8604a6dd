"""Addresses with percent signs: what is decoded, what is not, and where it stood."""

from __future__ import annotations

import pytest

from searchkit.analysis.addresses import sections


def _decoded(text: str) -> str:
    return "".join(section for section, _ in sections(text))


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("https://de.wikipedia.org/wiki/K%C3%B6ln", "https://de.wikipedia.org/wiki/Köln"),
        ("see http://a/b%20c, and http://d/%E4%BD%A0%E5%A5%BD!", "see http://a/b c, and http://d/你好!"),
        ("http://a/%FF%C3", "http://a/%FF%C3"),  # Not UTF-8.
        ("http://a/%C3%B6%ZZ%4", "http://a/ö%ZZ%4"),
        ("http://a/%ED%A0%80", "http://a/%ED%A0%80"),  # A surrogate is not UTF-8 either.
        ("100%20 of it", "100%20 of it"),  # Not an address.
        ("%41 http://plain", "%41 http://plain"),
        ("", ""),
    ],
)
def test_only_addresses_are_decoded(text, decoded):
    """Percent signs elsewhere, and bytes that are no text, stay as they are."""
    assert _decoded(text) == decoded


def test_offsets_lead_back_to_what_was_typed():
    """Each decoded character comes from its own percent signs."""
    text = "http://a/%C3%B6x%E2%82%AC"
    (_, _), (address, offsets), (_, _) = sections(text)
    places = {char: text[offsets[i] : offsets[i + 1]] for i, char in enumerate(address)}
    assert (places["ö"], places["x"], places["€"]) == ("%C3%B6", "x", "%E2%82%AC")
    assert offsets[-1] == len(text)


def test_time_is_linear_in_the_text():
    """Neither scheme upon scheme nor percent sign upon percent sign takes more than one pass."""
    for unit in ("a://", "a.", "http://%41", "%C3%B6", "http://a/%C3 "):
        text = unit * (200_000 // len(unit))
        assert sum(len(section) for section, _ in sections(text)) <= len(text)
