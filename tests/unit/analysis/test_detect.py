"""The language of a collection: scripts, frequent words, profiles, and what is too short to say."""

from __future__ import annotations

import itertools
import sys

import pytest

from searchkit.analysis import detect
from searchkit.analysis.detect import detect_language
from searchkit.analysis.languages import LANGUAGES

TEXTS = {
    "en": "The bakery at the corner opens before sunrise, and its owner has been there since the middle of the night.",
    "de": "Die Bäckerei an der Ecke öffnet vor Sonnenaufgang, und ihr Besitzer ist schon seit Mitternacht dort.",
    "fr": "La boulangerie du coin ouvre avant le lever du soleil, et son propriétaire y travaille depuis minuit.",
    "ru": "Пекарня на углу открывается до рассвета, а её хозяин работает там с середины ночи каждый день.",
    "ar": "يفتح المخبز الواقع في الزاوية أبوابه قبل شروق الشمس، وصاحبه يعمل هناك منذ منتصف الليل.",
    "hi": "कोने की बेकरी सूरज निकलने से पहले खुलती है और उसका मालिक आधी रात से वहाँ काम करता है।",
    "mr": "कोपऱ्यावरील बेकरी सूर्योदयापूर्वी उघडते आणि तिचा मालक मध्यरात्रीपासून तिथे काम करत आहे.",
    "ja": "角のパン屋は日の出前に開き、店主は真夜中からそこで働いています。毎日同じです。",
    "zh": "街角的面包店在日出之前就开门了，店主从半夜开始就在那里工作，每天都是这样的。",
    "ko": "모퉁이의 빵집은 해가 뜨기 전에 문을 열고 주인은 한밤중부터 그곳에서 일합니다.",
    "th": "ร้านเบเกอรี่ที่หัวมุมเปิดก่อนพระอาทิตย์ขึ้น และเจ้าของทำงานที่นั่นตั้งแต่เที่ยงคืน",
    "el": "Ο φούρνος στη γωνία ανοίγει πριν την ανατολή του ήλιου και ο ιδιοκτήτης δουλεύει από τα μεσάνυχτα.",
}


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_a_sentence_is_enough(code, text):
    """One sentence of each language is recognised, also among some lines of something else."""
    assert detect_language([text]) == code
    assert detect_language(["", "12:30", "OK", text, text]) == code


def test_the_longer_texts_decide():
    """Votes are weighted by length: a short quotation does not make a collection foreign."""
    assert detect_language([TEXTS["de"] * 3, TEXTS["fr"]]) == "de"


@pytest.mark.parametrize("texts", [[], [""], ["42", "\x00\ud800", "ok"], ["!" * 10_000], ["\ud800" * 50]])
def test_nothing_to_go_by_is_english(texts):
    """Empty, short and broken texts have no vote, and never raise."""
    assert detect_language(texts) == detect.FALLBACK


def test_it_reads_no_more_than_it_needs():
    """An endless collection is sampled."""
    assert detect_language(itertools.repeat(TEXTS["fr"])) == "fr"


def test_scripts_decide_without_the_profiles(monkeypatch):
    """Where resiliparse is missing, scripts still answer, and Latin text falls back to English."""
    monkeypatch.setitem(sys.modules, "resiliparse.parse.lang", None)
    assert detect_language([TEXTS["ko"]]) == "ko"
    assert detect_language([TEXTS["ru"]]) == "ru"
    assert detect_language([TEXTS["de"]]) == "en"


def test_every_answer_is_a_language_there_is_an_analyzer_for():
    """What is detected can be given to `analyzer`."""
    named = {code for code, _, _ in detect._SCRIPTS} | {code for _, codes in detect._OF_SCRIPT for code in codes}
    assert named | set(detect._LATIN) | set(detect._DEVANAGARI_WORDS) | {detect.FALLBACK} <= set(LANGUAGES)
