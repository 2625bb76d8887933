"""Words that espeak-ng says wrong, found by comparing it with other dictionaries, and how they are said."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tts.text.symbols import VOWELS

_LISTED = """
    absolve ɐbzˈɑːlv, absolved ɐbzˈɑːlvd, absolving ɐbzˈɑːlvɪŋ, absorb ɐbzˈɔːɹb, absorbed ɐbzˈɔːɹbd, absorbing
    ɐbzˈɔːɹbɪŋ, abuser ɐbjˈuːzɚ, abysmal ɐbˈɪzməl, acai ˌɑːsaɪˈiː, acquisition ˌækwɪzˈɪʃən, acumen ɐkjˈuːmən,
    adidas ɐdˈiːdəs, algae ˈældʒiː, angelo ˈændʒəloʊ, antagonistic æntˌæɡənˈɪstɪk, apartheid ɐpˈɑːɹtaɪt, apnea
    ˈæpniə, archipelago ˌɑːɹkɪpˈɛlɐɡoʊ, artisan ˈɑːɹɾɪzən, auxiliary ɔːɡzˈɪliɚɹi, basalt bɐsˈɔːlt, beckham
    bˈɛkəm, bereaved bɪɹˈiːvd, bereavement bɪɹˈiːvmənt, beyonce biːˈɑːnseɪ, birmingham bˈɜːmɪŋhˌæm, bloomberg
    blˈuːmbɜːɡ, blouse blˈaʊs, bordeaux bɔːɹdˈoʊ, bosnia bˈɑːzniə, bosnian bˈɑːzniən, brr bɚ, brrr bɚ, brunswick
    bɹˈʌnzwɪk, buckingham bˈʌkɪŋəm, buffet bəfˈeɪ, buoy bˈuːi, butte bjˈuːt, cadre kˈædɹi, cafe kæfˈeɪ, caleb
    kˈeɪləb, camus kæmˈuː, cannes kˈæn, capitulation kɐpˌɪtʃʊlˈeɪʃən, caracas kɚɹˈɑːkəs, cardiologist
    kˌɑːɹdɪˈɑːlədʒɪst, cardiology kˌɑːɹdɪˈɑːlədʒi, catechism kˈæɾᵻkˌɪzəm, causation kɔːzˈeɪʃən, charisma
    kɚɹˈɪzmə, charismatic kˌæɹɪzmˈæɾɪk, chateau ʃætˈoʊ, chauffeur ʃoʊfˈɜː, cheesy tʃˈiːzi, chopin ʃˈoʊpæn,
    circumvent sˌɜːkəmvˈɛnt, circumvented sˌɜːkəmvˈɛntᵻd, conscientious kˌɑːnʃɪˈɛnʃəs, contemplative
    kəntˈɛmplətˌɪv, coup kˈuː, crimson kɹˈɪmzən, cunningham kˈʌnɪŋhˌæm, cupboard kˈʌbɚd, dahlia dˈæliə, damsel
    dˈæmzəl, debug diːbˈʌɡ, debugged diːbˈʌɡd, debugging diːbˈʌɡɪŋ, debussy dˌɛbjuːsˈiː, decadence dˈɛkədəns,
    decadent dˈɛkədənt, dehydrate diːhˈaɪdɹeɪt, dehydrated diːhˈaɪdɹeɪɾᵻd, descartes deɪkˈɑːɹt, dijkstra
    dˈaɪkstɹə, dinghy dˈɪŋi, diocesan daɪˈɑːsəsən, diocese dˈaɪəsɪs, dissolve dɪzˈɑːlv, dissolved dɪzˈɑːlvd,
    dissolving dɪzˈɑːlvɪŋ, distribute dɪstɹˈɪbjuːt, distributed dɪstɹˈɪbjuːɾᵻd, distributing dɪstɹˈɪbjuːɾɪŋ,
    doctrinal dˈɑːktɹɪnəl, donate dˈoʊneɪt, donated dˈoʊneɪɾᵻd, donating dˈoʊneɪɾɪŋ, douglas dˈʌɡləs, drowsy
    dɹˈaʊzi, dubai duːbˈaɪ, eczema ˈɛksəmə, edema ɪdˈiːmə, eleanor ˈɛlənɚ, elongated ɪlˈɑːŋɡeɪɾᵻd, emir ɛmˈɪɹ,
    erdogan ˈɛɹdəwˌɑːn, esprit ɛspɹˈiː, eucalyptus jˌuːkəlˈɪptəs, exponent ˈɛkspoʊnənt, exquisite ɛkskwˈɪzɪt,
    exquisitely ɛkskwˈɪzɪtli, fermat fɛɹmˈɑː, feta fˈɛɾə, fibrous fˈaɪbɹəs, flamboyant flæmbˈɔɪənt, forlorn
    fɔːɹlˈɔːɹn, fraser fɹˈeɪzɚ, frustrate fɹˈʌstɹeɪt, frustrated fɹˈʌstɹeɪɾᵻd, frustrating fɹˈʌstɹeɪɾɪŋ, gabriel
    ɡˈeɪbɹiəl, genus dʒˈiːnəs, gnocchi njˈoʊki, goethe ɡˈɜːɾə, gourd ɡˈɔːɹd, grr ɡɚ, guru ɡˈuːɹuː, handkerchief
    hˈæŋkɚtʃɪf, handsome hˈænsəm, handsomely hˈænsəmli, harem hˈɛɹəm, hegemony hɪdʒˈɛməni, hm həm, homogeneous
    hˌoʊmədʒˈiːniəs, hooray həɹˈeɪ, huawei wˈɑːweɪ, husband hˈʌzbənd, husbandry hˈʌzbəndɹi, hussein huːsˈeɪn,
    illustrative ɪlˈʌstɹətˌɪv, inexcusable ˌɪnɛkskjˈuːzəbəl, innings ˈɪnɪŋz, inquisition ˌɪŋkwɪzˈɪʃən, interfere
    ˌɪntɚfˈɪɹ, interfered ˌɪntɚfˈɪɹd, interference ˌɪntɚfˈɪɹəns, interfering ˌɪntɚfˈɪɹɪŋ, internship ˈɪntɜːnʃɪp,
    interrupt ˌɪntɚɹˈʌpt, irene aɪɹˈiːn, isaac ˈaɪzək, itunes ˈaɪtuːnz, jerome dʒɚɹˈoʊm, jersey dʒˈɜːzi, joaquin
    wɑːkˈiːn, johannesburg dʒoʊhˈænᵻsbɜːɡ, juliet dʒˈuːliət, junta hˈʊntə, jurisprudence dʒˌʊɹɪspɹˈuːdəns,
    kangaroo kˌæŋɡɚɹˈuː, kudos kˈuːdoʊs, kyiv kˈiːv, lacrosse ləkɹˈɔs, lagrange ləɡɹˈɑːndʒ, laplace ləplˈɑːs,
    lesbian lˈɛzbiən, levi lˈiːvaɪ, libra lˈiːbɹə, licorice lˈɪkɚɹɪʃ, lisbon lˈɪzbən, locate lˈoʊkeɪt, located
    lˈoʊkeɪɾᵻd, locating lˈoʊkeɪɾɪŋ, longitudinal lˌɑːndʒɪtˈuːdɪnəl, louisville lˈuːivˌɪl, lousy lˈaʊzi, lucas
    lˈuːkəs, luther lˈuːθɚ, lyon liːˈoʊn, lyons lˈaɪənz, macho mˈɑːtʃoʊ, macron məkɹˈoʊn, mahatma məhˈɑːtmə,
    mandate mˈændeɪt, mandated mˈændeɪɾᵻd, mandating mˈændeɪɾɪŋ, mannequin mˈænɪkɪn, mantis mˈæntɪs, masquerade
    mˌæskɚɹˈeɪd, mccarthy məkˈɑːɹθi, measly mˈiːzli, memorabilia mˌɛmɚɹɐbˈiːliə, mesmerize mˈɛzmɚɹˌaɪz,
    mesmerized mˈɛzmɚɹˌaɪzd, mesmerizing mˈɛzmɚɹˌaɪzɪŋ, mmm həm, mohamed moʊhˈɑːmɪd, mohammad moʊhˈɑːmɪd,
    mohammed moʊhˈɑːmɪd, monroe mənɹˈoʊ, montage mɑːntˈɑːʒ, montgomery mɑːntɡˈʌmɚɹi, mosaic moʊzˈeɪɪk,
    mozzarella mˌɑːtsɚɹˈɛlə, muhammad muːhˈɑːmɪd, nadir nˈeɪdɚ, narrate nˈæɹeɪt, narrated nˈæɹeɪɾᵻd, narrating
    nˈæɹeɪɾɪŋ, nausea nˈɔːziə, nauseous nˈɔːʃəs, neonatal nˌiːoʊnˈeɪɾəl, nguyen wˈɪn, nike nˈaɪki, nissan
    nˈiːsɑːn, nomenclature nˈoʊmənklˌeɪtʃɚ, nominee nˌɑːmɪnˈiː, nottingham nˈɑːɾɪŋəm, obese oʊbˈiːs, orchestral
    ɔːɹkˈɛstɹəl, oregano ɚɹˈɛɡənˌoʊ, osborne ˈɑːzbɔːɹn, oslo ˈɑːzloʊ, papacy pˈeɪpəsi, paprika pæpɹˈiːkə,
    parochial pɚɹˈoʊkɪəl, partisan pˈɑːɹɾɪzən, patriarchal pˌeɪtɹɪˈɑːɹkəl, peachy pˈiːtʃi, pedagogical
    pˌɛdɐɡˈɑːdʒɪkəl, pedagogy pˈɛdɐɡˌɑːdʒi, poincare pwˌæŋkɑːɹˈeɪ, polygamy pəlˈɪɡəmi, porsche pˈɔːɹʃə,
    posthumous pˈɑːstʃəməs, posthumously pˈɑːstʃəməsli, prerequisite pɹiːɹˈɛkwɪzɪt, preside pɹɪzˈaɪd, presided
    pɹɪzˈaɪdᵻd, presiding pɹɪzˈaɪdɪŋ, promenade pɹˌɑːmənˈeɪd, prosthesis pɹɑːsθˈiːsɪs, protagonist
    pɹoʊtˈæɡənɪst, proust pɹˈuːst, provenance pɹˈɑːvənəns, provost pɹˈoʊvoʊst, psoriasis sɚɹˈaɪəsɪs, puree
    pjʊɹˈeɪ, qatar kətˈɑːɹ, queensland kwˈiːnzlənd, ramanujan ɹɑːmˈɑːnuːdʒən, raspberries ɹˈæzbɛɹiz, raspberry
    ɹˈæzbɛɹi, reais ɹeɪˈaɪs, recourse ɹˈiːkɔːɹs, requisite ɹˈɛkwɪzɪt, reside ɹᵻzˈaɪd, resided ɹᵻzˈaɪdᵻd,
    residing ɹᵻzˈaɪdɪŋ, residue ɹˈɛzɪdˌuː, resilience ɹᵻzˈɪliəns, resilient ɹᵻzˈɪliənt, resistance ɹᵻzˈɪstəns,
    resistant ɹᵻzˈɪstənt, resistor ɹᵻzˈɪstɚ, resurrect ɹˌɛzɚɹˈɛkt, resurrected ɹˌɛzɚɹˈɛktᵻd, resurrection
    ɹˌɛzɚɹˈɛkʃən, rosa ɹˈoʊzə, rosie ɹˈoʊzi, rotate ɹˈoʊteɪt, rotated ɹˈoʊteɪɾᵻd, rotating ɹˈoʊteɪɾɪŋ, rousseau
    ɹuːsˈoʊ, rudy ɹˈuːdi, ruse ɹˈuːz, rwanda ɹuːˈɑːndə, sartre sˈɑːɹtɹə, schizophrenia skˌɪtsəfɹˈiːniə,
    schneider ʃnˈaɪdɚ, scissor sˈɪzɚ, serum sˈɪɹəm, shalom ʃɐlˈoʊm, sheikh ʃˈiːk, shh ʃˈʌʃ, shhh ʃˈʌʃ, shone
    ʃˈoʊn, simone sɪmˈoʊn, stochastic stəkˈæstɪk, superstition sˌuːpɚstˈɪʃən, suzanne suːzˈæn, swastika
    swˈɑːstɪkə, symposium sɪmpˈoʊziəm, tchaikovsky tʃaɪkˈɔːfski, thanksgiving θˌæŋksɡˈɪvɪŋ, theresa tɚɹˈiːsə,
    theses θˈiːsiːz, trampoline tɹˌæmpəlˈiːn, treatise tɹˈiːɾɪs, trouser tɹˈaʊzɚ, trudeau tɹuːdˈoʊ, trustee
    tɹʌstˈiː, tucson tˈuːsɑːn, turquoise tˈɜːkwɔɪz, underwear ˈʌndɚwˌɛɹ, versailles vɛɹsˈaɪ, violinist
    vˌaɪəlˈɪnɪst, vise vˈaɪs, whomever huːmˈɛvɚ, windsor wˈɪnzɚ, wisest wˈaɪzɪst, xenon zˈiːnɑːn, xiaomi ʃˈaʊmi,
    zurich zˈʊɹɪk, zzz zz
"""
SAID = dict(entry.split() for entry in _LISTED.split(","))
# What stands for such a word while espeak-ng reads the rest: it begins with a vowel, or a consonant, as the word does,
# for that is what its neighbours are said by.
_VOWEL, _CONSONANT = "ovomuzib", "vomuzibo"
_STAND_IN = re.compile("[ˈˌ]?oʊvəmj[ˈˌ]?uːzɪb|v[ˈˌ]?ɑːmjuːz[ˈˌ]?iːboʊ")
_WORD = re.compile(r"(?<![\w'-])([A-Za-z]+)('s)?(?![\w'-])")
_HISSES = ("s", "z", "ʃ", "ʒ")


def _spoken(word: str, said: Mapping[str, str]) -> str | None:
    """How a listed word is said, or the plural of one."""
    if word in said or not (word.endswith("s") and word[:-1] in said):
        return said.get(word)
    return _with_s(said[word[:-1]])


def _with_s(ipa: str) -> str:
    return ipa + "ᵻz" if ipa.endswith(_HISSES) else _assimilated(ipa + "z")


def _begins_with_vowel(ipa: str) -> bool:
    return ipa.lstrip("ˈˌ").startswith(VOWELS)


def held_out(text: str, said: Mapping[str, str]) -> tuple[str, list[str]]:
    """Words between two marks with stand-ins for those ``said`` otherwise, and what these stand for, in their order."""
    held: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        ipa = _spoken(match[1].lower(), said)
        if ipa is None:
            return match[0]
        held.append(_with_s(ipa) if match[2] else ipa)
        return _VOWEL if _begins_with_vowel(ipa) else _CONSONANT

    return _WORD.sub(stand_in, text), held


def put_back(words: list[str], held: list[str]) -> list[str]:
    """IPA word by word as espeak-ng has it, with endings mended and what was held out in the stand-ins' place."""
    left, made = iter(held), []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if not _STAND_IN.fullmatch(word):
            made.append(_assimilated(word))
            continue
        ipa = next(left, word)
        linked = ipa.endswith(("ɚ", "ɜː")) and _begins_with_vowel(following)
        made.append(ipa + "ɹ" if linked else ipa)
    return made


def _assimilated(word: str) -> str:
    """An ending as it is said: espeak-ng has voiced ones after voiceless consonants in "faced" and "the state's"."""
    return re.sub(r"(?<=[pkfθsʃ])d$", "t", re.sub(r"(?<=[ptkfθ])z$", "s", word))
