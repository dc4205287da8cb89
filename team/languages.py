"""Languages: which are spoken in a country, and what they are called. From Unicode's CLDR, by Babel."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages
from django.utils.translation import get_language

SAME = {"nb": "no", "nn": "no"}
"""Written forms of a language that people call by one name."""


@lru_cache(maxsize=512)
def languages_of(country: str) -> tuple[str, ...]:
    """ISO 639 codes of the official languages of a country (ISO 3166), the commonest first.

    Empty where the country is not known. What one can do business in there, not what anybody speaks.
    """
    official = get_official_languages(country.upper(), de_facto=True) if country else ()
    return tuple(dict.fromkeys(SAME.get(code, code) for code in official))


@lru_cache(maxsize=64)
def _names(language: str) -> dict[str, str]:
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return {code: name for code, name in locale.languages.items() if len(code) <= 3}


@lru_cache(maxsize=8)
def _codes(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for names in (_names("en"), _names(language)):
        for code, name in names.items():
            kept = SAME.get(code, code)
            found[code] = found[name.casefold()] = kept
    return found


def language_name(code: str) -> str:
    """ "German", in the reader's language; the code itself where it has no name."""
    return _names(get_language() or "en").get(code, code)


def language_code(words: str) -> str | None:
    """The code of a language by its name in English or the reader's language, or by its code."""
    return _codes(get_language() or "en").get(words.strip().casefold())
