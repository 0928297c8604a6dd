"""The languages an analyzer can be made for, and what each of them needs said.

One line a language: which Snowball algorithm stems it, which accented letters that algorithm tells apart (they
are kept until it has run, and folded after it), and which words it elides before an apostrophe. Languages
without an algorithm are listed too, so that saying what a collection is written in is never an error. What
this module does not know: how a stem is made, or what language a text is in (`detect`).
"""

from __future__ import annotations

from dataclasses import dataclass

from searchkit.errors import SchemaError


@dataclass(frozen=True, slots=True)
class Language:
    """What sets the words of one language apart.

    Parameters
    ----------
    code : str
        ISO 639-1, or 639-2 where there is none; ``"none"`` for no language at all.
    stemmer : str
        Name of the Snowball algorithm; empty where there is none.
    letters : str
        Lower-case letters with marks that the algorithm tells from the bare ones.
    elided : str
        Words, apart by spaces, that melt into the next one at an apostrophe and are dropped: *l'homme*.
    respelled : str
        Pairs of letters of which the first is read as the second: a Turkish capital I is not that of i, and
        Persian typed on an Arabic keyboard has other code points than the algorithm knows.
    suffix_after_apostrophe : bool
        Whether what follows an apostrophe is a suffix to be dropped: Turkish *Ankara'da*.
    """

    code: str
    stemmer: str = ""
    letters: str = ""
    elided: str = ""
    respelled: str = ""
    suffix_after_apostrophe: bool = False


_FRENCH_ELIDED = "c d j l m n qu s t jusqu lorsqu puisqu quoiqu"
_ITALIAN_ELIDED = "agl all c coll d dagl dall degl dell gl l m n negl nell pell quell s sugl sull t un v"

_STEMMED = (
    Language("ar", "arabic", "أإآؤئ"),
    Language("ca", "catalan", "àáçèéíïòóúü", "d l m n s t"),
    Language("cs", "czech", "áčďéěíňóřšťúůýž"),
    Language("da", "danish", "åæø"),
    Language("de", "german", "äöü"),
    Language("el", "greek"),
    Language("en", "english"),
    Language("eo", "esperanto", "ĉĝĥĵŝŭ"),
    Language("es", "spanish", "áéíñóúü"),
    Language("et", "estonian", "äõöüšž"),
    Language("eu", "basque", "ñ"),
    Language("fa", "persian", "آئکی", respelled="يیىیكک"),
    Language("fi", "finnish", "åäö"),
    Language("fr", "french", "àâæçèéêëîïôœùûü", _FRENCH_ELIDED),
    Language("ga", "irish", "áéíóú", "b d m"),
    Language("hi", "hindi"),
    Language("hu", "hungarian", "áéíóöőúüű"),
    Language("hy", "armenian"),
    Language("id", "indonesian"),
    Language("it", "italian", "àáèéìíòóùú", _ITALIAN_ELIDED),
    Language("lt", "lithuanian", "ąčęėįšųūž"),
    Language("ne", "nepali"),
    Language("nl", "dutch", "äáèéëïöóüú"),
    Language("no", "norwegian", "åæø"),
    Language("pl", "polish", "ąćęłńóśźż"),
    Language("porter", "porter"),
    Language("pt", "portuguese", "àáâãçéêíóôõúü"),
    Language("ro", "romanian", "ăâîșț"),
    Language("ru", "russian"),
    Language("sr", "serbian", "čćđšž"),
    Language("st", "sesotho"),
    Language("sv", "swedish", "åäö"),
    Language("ta", "tamil"),
    Language("tr", "turkish", "çğıöşü", respelled="Iıİi", suffix_after_apostrophe=True),
    Language("yi", "yiddish"),
)
_UNSTEMMED = (
    "none af am az be bg bn bo br bs cy gl gu he hr is ja ka kk km kn ko ky la lb lo lv mk ml mn mr ms mt my nb nn pa "
    "ps sd si sk sl so sq sw te tg th tk tl tt uk ur uz vi zh"
).split()
_SAME_AS = {"nb": "no", "nn": "no", "in": "id", "iw": "he", "ji": "yi", "und": "none"}

LANGUAGES: dict[str, Language] = {language.code: language for language in _STEMMED} | {
    code: Language(code) for code in _UNSTEMMED if code not in _SAME_AS
}
"""Every language by its code."""


def language(name: str) -> Language:
    """The language of a code or tag.

    Parameters
    ----------
    name : str
        A code (``"en"``), a tag whose first part is one (``"pt-BR"``, ``"zh_Hans"``), the name of a Snowball
        algorithm (``"german"``), or ``"none"``; in any case.

    Raises
    ------
    SchemaError
        If it is none of these. The hint lists the codes.
    """
    asked = name.strip().lower()
    code = asked.replace("_", "-").partition("-")[0]
    found = LANGUAGES.get(_SAME_AS.get(code, code)) or _BY_ALGORITHM.get(asked)
    if found is None:
        stemmed = " ".join(sorted(known.code for known in LANGUAGES.values() if known.stemmer))
        unstemmed = " ".join(sorted(known.code for known in LANGUAGES.values() if not known.stemmer))
        raise SchemaError(
            f"{name!r} is not a language this installation knows",
            hint=f"With stems: {stemmed}. Without stems: {unstemmed}.",
        )
    return found


_BY_ALGORITHM = {known.stemmer: known for known in _STEMMED}
