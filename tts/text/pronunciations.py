"""Words that espeak-ng says wrong, found by comparing it with other dictionaries, and how they are said."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LISTED = """
    absolve ɐbzˈɑːlv, absorb ɐbzˈɔːɹb, absorbed ɐbzˈɔːɹbd, absorbing ɐbzˈɔːɹbɪŋ, absorbs ɐbzˈɔːɹbz, abuser
    ɐbjˈuːzɚ, abysmal ɐbˈɪzməl, acai ˌɑːsaɪˈiː, acquisition ˌækwɪzˈɪʃən, acquisitions ˌækwɪzˈɪʃənz, acumen
    ɐkjˈuːmən, adidas ɐdˈiːdəs, algae ˈældʒiː, angelo ˈændʒəloʊ, antagonistic æntˌæɡənˈɪstɪk, apartheid
    ɐpˈɑːɹtaɪt, apnea ˈæpniə, archipelago ˌɑːɹkɪpˈɛlɐɡoʊ, artisan ˈɑːɹɾɪzən, artisans ˈɑːɹɾɪzənz, auxiliary
    ɔːɡzˈɪliɚɹi, basalt bɐsˈɔːlt, beckham bˈɛkəm, bereaved bɪɹˈiːvd, bereavement bɪɹˈiːvmənt, beyonce
    biːˈɑːnseɪ, birmingham bˈɜːmɪŋhˌæm, bloomberg blˈuːmbɜːɡ, blouse blˈaʊs, blouses blˈaʊsᵻz, bordeaux
    bɔːɹdˈoʊ, bosnia bˈɑːzniə, brr bɚ, brrr bɚ, brunswick bɹˈʌnzwɪk, buckingham bˈʌkɪŋəm, buffet bəfˈeɪ, buffets
    bəfˈeɪz, buoy bˈuːi, buoys bˈuːiz, butte bjˈuːt, cadre kˈædɹi, cafe kæfˈeɪ, cafes kæfˈeɪz, caleb kˈeɪləb,
    camus kæmˈuː, cannes kˈæn, capitulation kɐpˌɪtʃʊlˈeɪʃən, caracas kɚɹˈɑːkəs, cardiologist kˌɑːɹdɪˈɑːlədʒɪst,
    cardiology kˌɑːɹdɪˈɑːlədʒi, catechism kˈæɾᵻkˌɪzəm, causation kɔːzˈeɪʃən, charisma kɚɹˈɪzmə, charismatic
    kˌæɹɪzmˈæɾɪk, chateau ʃætˈoʊ, chauffeur ʃoʊfˈɜː, cheesy tʃˈiːzi, chopin ʃˈoʊpæn, circumvent sˌɜːkəmvˈɛnt,
    conscientious kˌɑːnʃɪˈɛnʃəs, contemplative kəntˈɛmplətˌɪv, coup kˈuː, coups kˈuːz, crimson kɹˈɪmzən,
    cunningham kˈʌnɪŋhˌæm, cupboard kˈʌbɚd, cupboards kˈʌbɚdz, dahlia dˈæliə, damsel dˈæmzəl, debug diːbˈʌɡ,
    debugging diːbˈʌɡɪŋ, debussy dˌɛbjuːsˈiː, decadence dˈɛkədəns, decadent dˈɛkədənt, dehydrated
    diːhˈaɪdɹeɪɾᵻd, descartes deɪkˈɑːɹt, dijkstra dˈaɪkstɹə, dinghy dˈɪŋi, diocesan daɪˈɑːsəsən, diocese
    dˈaɪəsɪs, dissolve dɪzˈɑːlv, dissolved dɪzˈɑːlvd, dissolves dɪzˈɑːlvz, dissolving dɪzˈɑːlvɪŋ, distribute
    dɪstɹˈɪbjuːt, distributed dɪstɹˈɪbjuːɾᵻd, distributes dɪstɹˈɪbjuːts, distributing dɪstɹˈɪbjuːɾɪŋ, doctrinal
    dˈɑːktɹɪnəl, donate dˈoʊneɪt, donated dˈoʊneɪɾᵻd, donating dˈoʊneɪɾɪŋ, douglas dˈʌɡləs, drowsy dɹˈaʊzi,
    dubai duːbˈaɪ, eczema ˈɛksəmə, edema ɪdˈiːmə, eleanor ˈɛlənɚ, elongated ɪlˈɑːŋɡeɪɾᵻd, emir ɛmˈɪɹ, erdogan
    ˈɛɹdəwˌɑːn, esprit ɛspɹˈiː, eucalyptus jˌuːkəlˈɪptəs, exponent ˈɛkspoʊnənt, exquisite ɛkskwˈɪzɪt,
    exquisitely ɛkskwˈɪzɪtli, fermat fɛɹmˈɑː, feta fˈɛɾə, fibrous fˈaɪbɹəs, flamboyant flæmbˈɔɪənt, forlorn
    fɔːɹlˈɔːɹn, fraser fɹˈeɪzɚ, frustrate fɹˈʌstɹeɪt, frustrated fɹˈʌstɹeɪɾᵻd, frustrates fɹˈʌstɹeɪts,
    frustrating fɹˈʌstɹeɪɾɪŋ, gabriel ɡˈeɪbɹiəl, genus dʒˈiːnəs, gnocchi njˈoʊki, goethe ɡˈɜːɾə, gourd ɡˈɔːɹd,
    grr ɡɚ, guru ɡˈuːɹuː, handkerchief hˈæŋkɚtʃɪf, handkerchiefs hˈæŋkɚtʃɪfs, handsome hˈænsəm, handsomely
    hˈænsəmli, harem hˈɛɹəm, hegemony hɪdʒˈɛməni, hm həm, homogeneous hˌoʊmədʒˈiːniəs, hooray həɹˈeɪ, huawei
    wˈɑːweɪ, husband hˈʌzbənd, husbandry hˈʌzbəndɹi, husbands hˈʌzbəndz, hussein huːsˈeɪn, illustrative
    ɪlˈʌstɹətˌɪv, inexcusable ˌɪnɛkskjˈuːzəbəl, innings ˈɪnɪŋz, inquisition ˌɪŋkwɪzˈɪʃən, interfere ˌɪntɚfˈɪɹ,
    interfered ˌɪntɚfˈɪɹd, interference ˌɪntɚfˈɪɹəns, interferes ˌɪntɚfˈɪɹz, interfering ˌɪntɚfˈɪɹɪŋ, internship
    ˈɪntɜːnʃɪp, internships ˈɪntɜːnʃɪps, interrupt ˌɪntɚɹˈʌpt, interrupts ˌɪntɚɹˈʌpts, irene aɪɹˈiːn, isaac
    ˈaɪzək, itunes ˈaɪtuːnz, jerome dʒɚɹˈoʊm, jersey dʒˈɜːzi, jerseys dʒˈɜːziz, joaquin wɑːkˈiːn, johannesburg
    dʒoʊhˈænᵻsbɜːɡ, juliet dʒˈuːliət, junta hˈʊntə, jurisprudence dʒˌʊɹɪspɹˈuːdəns, kangaroo kˌæŋɡɚɹˈuː,
    kangaroos kˌæŋɡɚɹˈuːz, kudos kˈuːdoʊs, kyiv kˈiːv, lacrosse ləkɹˈɔs, lagrange ləɡɹˈɑːndʒ, laplace ləplˈɑːs,
    lesbian lˈɛzbiən, lesbians lˈɛzbiənz, levi lˈiːvaɪ, libra lˈiːbɹə, licorice lˈɪkɚɹɪʃ, lisbon lˈɪzbən, locate
    lˈoʊkeɪt, located lˈoʊkeɪɾᵻd, longitudinal lˌɑːndʒɪtˈuːdɪnəl, louisville lˈuːivˌɪl, lousy lˈaʊzi, lucas
    lˈuːkəs, luther lˈuːθɚ, lyon liːˈoʊn, macho mˈɑːtʃoʊ, macron məkɹˈoʊn, mahatma məhˈɑːtmə, mandated
    mˈændeɪɾᵻd, mannequin mˈænɪkɪn, mantis mˈæntɪs, masquerade mˌæskɚɹˈeɪd, mccarthy məkˈɑːɹθi, measly mˈiːzli,
    memorabilia mˌɛmɚɹɐbˈiːliə, mesmerizing mˈɛzmɚɹˌaɪzɪŋ, mm əm, mmm əm, mohamed moʊhˈɑːmɪd, mohammad
    moʊhˈɑːmɪd, mohammed moʊhˈɑːmɪd, monroe mənɹˈoʊ, montage mɑːntˈɑːʒ, montgomery mɑːntɡˈʌmɚɹi, mosaic
    moʊzˈeɪɪk, mozzarella mˌɑːtsɚɹˈɛlə, muhammad muːhˈɑːmɪd, nadir nˈeɪdɚ, narrate nˈæɹeɪt, nausea nˈɔːziə,
    nauseous nˈɔːʃəs, neonatal nˌiːoʊnˈeɪɾəl, nguyen wˈɪn, nike nˈaɪki, nissan nˈiːsɑːn, nomenclature
    nˈoʊmənklˌeɪtʃɚ, nominee nˌɑːmɪnˈiː, nominees nˌɑːmɪnˈiːz, nottingham nˈɑːɾɪŋəm, obese oʊbˈiːs, orchestral
    ɔːɹkˈɛstɹəl, oregano ɚɹˈɛɡənˌoʊ, osborne ˈɑːzbɔːɹn, oslo ˈɑːzloʊ, papacy pˈeɪpəsi, paprika pæpɹˈiːkə,
    parochial pɚɹˈoʊkɪəl, partisan pˈɑːɹɾɪzən, patriarchal pˌeɪtɹɪˈɑːɹkəl, peachy pˈiːtʃi, pedagogical
    pˌɛdɐɡˈɑːdʒɪkəl, pedagogy pˈɛdɐɡˌɑːdʒi, poincare pwˌæŋkɑːɹˈeɪ, polygamy pəlˈɪɡəmi, porsche pˈɔːɹʃə,
    posthumous pˈɑːstʃəməs, posthumously pˈɑːstʃəməsli, prerequisite pɹiːɹˈɛkwɪzɪt, prerequisites
    pɹiːɹˈɛkwɪzɪts, preside pɹɪzˈaɪd, presided pɹɪzˈaɪdᵻd, presiding pɹɪzˈaɪdɪŋ, promenade pɹˌɑːmənˈeɪd,
    prosthesis pɹɑːsθˈiːsɪs, protagonist pɹoʊtˈæɡənɪst, protagonists pɹoʊtˈæɡənɪsts, proust pɹˈuːst, provenance
    pɹˈɑːvənəns, provost pɹˈoʊvoʊst, psoriasis sɚɹˈaɪəsɪs, puree pjʊɹˈeɪ, qatar kətˈɑːɹ, queensland kwˈiːnzlənd,
    ramanujan ɹɑːmˈɑːnuːdʒən, raspberries ɹˈæzbɛɹiz, raspberry ɹˈæzbɛɹi, reais ɹeɪˈaɪs, recourse ɹˈiːkɔːɹs, requisite
    ɹˈɛkwɪzɪt, reside ɹᵻzˈaɪd, resided ɹᵻzˈaɪdᵻd, resides ɹᵻzˈaɪdz, residing ɹᵻzˈaɪdɪŋ, residue ɹˈɛzɪdˌuː,
    resilience ɹᵻzˈɪliəns, resilient ɹᵻzˈɪliənt, resistance ɹᵻzˈɪstəns, resistant ɹᵻzˈɪstənt, resistor ɹᵻzˈɪstɚ,
    resurrect ɹˌɛzɚɹˈɛkt, resurrected ɹˌɛzɚɹˈɛktᵻd, resurrection ɹˌɛzɚɹˈɛkʃən, rosa ɹˈoʊzə, rosie ɹˈoʊzi, rotate
    ɹˈoʊteɪt, rotated ɹˈoʊteɪɾᵻd, rotates ɹˈoʊteɪts, rotating ɹˈoʊteɪɾɪŋ, rousseau ɹuːsˈoʊ, rudy ɹˈuːdi, ruse
    ɹˈuːz, rwanda ɹuːˈɑːndə, sartre sˈɑːɹtɹə, schizophrenia skˌɪtsəfɹˈiːniə, schneider ʃnˈaɪdɚ, scissor sˈɪzɚ,
    scissors sˈɪzɚz, serum sˈɪɹəm, shalom ʃɐlˈoʊm, sheikh ʃˈiːk, shh ʃˈʌʃ, shhh ʃˈʌʃ, shone ʃˈoʊn, simone sɪmˈoʊn,
    stochastic stəkˈæstɪk, superstition sˌuːpɚstˈɪʃən, suzanne suːzˈæn, swastika swˈɑːstɪkə, symposium
    sɪmpˈoʊziəm, tchaikovsky tʃaɪkˈɔːfski, thanksgiving θˌæŋksɡˈɪvɪŋ, theresa tɚɹˈiːsə, theses θˈiːsiːz,
    trampoline tɹˌæmpəlˈiːn, treatise tɹˈiːɾɪs, trouser tɹˈaʊzɚ, trousers tɹˈaʊzɚz, trudeau tɹuːdˈoʊ, trustee
    tɹʌstˈiː, trustees tɹʌstˈiːz, tucson tˈuːsɑːn, turquoise tˈɜːkwɔɪz, underwear ˈʌndɚwˌɛɹ, versailles vɛɹsˈaɪ,
    violinist vˌaɪəlˈɪnɪst, vise vˈaɪs, whomever huːmˈɛvɚ, windsor wˈɪnzɚ, wisest wˈaɪzɪst, xenon zˈiːnɑːn,
    xiaomi ʃˈaʊmi, zurich zˈʊɹɪk, zzz zz
"""
SAID = dict(entry.split() for entry in _LISTED.split(","))
# What stands for such a word while espeak-ng reads the rest: it begins with a vowel, or a consonant, as the word does,
# for that is what its neighbours are said by.
_VOWEL, _CONSONANT = "ovomuzib", "vomuzibo"
_STAND_IN = re.compile("[ˈˌ]?oʊvəmj[ˈˌ]?uːzɪb|v[ˈˌ]?ɑːmjuːz[ˈˌ]?iːboʊ")
_WORD = re.compile(r"(?<![\w'-])([A-Za-z]+)('s)?(?![\w'-])")
_UNVOICED = "ptkfθ"
_HISSES = ("s", "z", "ʃ", "ʒ")


def held_out(text: str, said: Mapping[str, str]) -> tuple[str, list[str]]:
    """Words between two marks with stand-ins for those ``said`` otherwise, and what these stand for, in their order."""
    held: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        ipa = said.get(match[1].lower())
        if ipa is None:
            return match[0]
        if match[2]:
            ipa += "ᵻz" if ipa.endswith(_HISSES) else "s" if ipa[-1] in _UNVOICED else "z"
        held.append(ipa)
        return _VOWEL if ipa.lstrip("ˈˌ")[0] in "aɑæɐəɚɛeiɪᵻɔoʊuʌ" else _CONSONANT

    return _WORD.sub(stand_in, text), held


def put_back(words: list[str], held: list[str]) -> list[str]:
    """IPA word by word, with what was held out in the place of the stand-ins."""
    left = iter(held)
    return [next(left) if held and _STAND_IN.fullmatch(word) else word for word in words]


def assimilated(word: str) -> str:
    """An ending as it is said: espeak-ng has voiced ones after voiceless consonants in "faced" and "the state's"."""
    return re.sub(r"(?<=[pkfθsʃ])d$", "t", re.sub(rf"(?<=[{_UNVOICED}])z$", "s", word))
