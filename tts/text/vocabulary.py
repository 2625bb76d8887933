"""Frozen word lists of the normaliser: abbreviations, names, acronyms and the short words that capitals may shout."""

from __future__ import annotations


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Before a name; the full stop never ends a sentence.
TITLES = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor", "Gen": "General",
    "Col": "Colonel", "Sgt": "Sergeant", "Capt": "Captain", "Lt": "Lieutenant", "Cmdr": "Commander", "Maj": "Major",
    "Rev": "Reverend", "Hon": "Honorable", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Fr": "Father", "Mt": "Mount", "Ft": "Fort", "Messrs": "Messieurs", "Mme": "Madame",
    "Supt": "Superintendent", "Adm": "Admiral",
}  # fmt: skip
# After a name or anywhere; the full stop may also end the sentence.
ENDINGS = {
    "Jr": "Junior", "Sr": "Senior", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane",
    "Inc": "Incorporated", "Corp": "Corporation", "Co": "Company", "Ltd": "Limited", "Bros": "Brothers",
    "Dept": "Department", "dept": "department", "etc": "et cetera", "est": "established", "Est": "established",
    "approx": "approximately", "Approx": "Approximately", "misc": "miscellaneous", "max": "maximum", "avg": "average",
    "govt": "government", "Assn": "Association", "Univ": "University", "Hwy": "Highway", "Pkwy": "Parkway",
    "Sq": "Square", "Apt": "Apartment", "assoc": "associate", "dist": "district", "Jan": "January", "Feb": "February",
    "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July", "Aug": "August", "Sep": "September",
    "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December", "Mon": "Monday", "Tue": "Tuesday",
    "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday",
    "Calif": "California", "Mass": "Massachusetts", "Penn": "Pennsylvania", "Conn": "Connecticut", "al": "al",
    "tel": "telephone", "Tel": "Telephone",
}  # fmt: skip
# Before a number.
COUNTED = {
    "No": "Number", "no": "number", "Nos": "Numbers", "nos": "numbers", "p": "page", "pp": "pages", "vol": "volume",
    "Vol": "Volume", "fig": "figure", "Fig": "Figure", "figs": "figures", "Figs": "Figures", "ch": "chapter",
    "Ch": "Chapter", "sec": "section", "Sec": "Section", "c": "circa", "ca": "circa", "ext": "extension",
    "Ext": "Extension", "eq": "equation", "Eq": "Equation", "art": "article", "Art": "Article", "pt": "part",
    "Pt": "Part", "approx": "approximately", "Rs": "₹",
}  # fmt: skip
PHRASES = {
    "e.g.": "for example", "i.e.": "that is", "E.g.": "For example", "I.e.": "That is", "vs.": "versus",
    "Vs.": "Versus", "cf.": "compare", "viz.": "namely", "a.k.a.": "also known as", "w/o": "without", "w/": "with ",
    "b/c": "because", "and/or": "and or", "'n'": "and", "c/o": "care of", "n/a": "N eh", "N/A": "N eh",
    "C++": "C plus plus", "C#": "C sharp", "F#": "F sharp", "AT&T": "eh T and T", "<3": "love", "Q&A": "Q and eh",
    "km/h": "kilometers per hour", "B.Sc.": "B S C", "M.Sc.": "M S C",
}  # fmt: skip
# Words that a single letter names: vitamin A, plan B.
LETTERED = _words("vitamin hepatitis plan grade type exhibit section influenza option team level group class")
# Capitalised, these begin a sentence.
STARTERS = _words(
    "A An The He She It They We You I But And In On At So Then There This That These Those When While After Before If "
    "His Her Its Their Our My Your What Why How Where Who As For From With Not No Yes However Meanwhile Later Now "
    "Everyone Everybody Nobody Some Many Most All One Two Let Please Thanks Is Are Was Were Do Does Did Can Could"
)
# Capitalised, these may follow "p.m." inside a sentence.
CLOCK_WORDS = _words(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Eastern Pacific Central Mountain Atlantic GMT UTC ET EST "
    "EDT PT PST PDT CT CST CDT MT January February March April May June July August September October November December"
)
# After "St.", even when a capitalised word stands before it.
SAINTS = _words(
    "Louis Paul Patrick Petersburg Helens Helena John Johns Francis Mary Peter George James Joseph Thomas Andrew "
    "Andrews Lucia Kitts Vincent Bernard Nicholas Nick Mark Michael Martin Anthony Augustine Albans Cloud Croix "
    "Charles Basil Clair"
)
# Names that bear ordinals: kings, popes and sons.
GIVEN_NAMES = _words(
    "Henry Louis Charles George Edward Richard William James John Paul Elizabeth Mary Philip Ferdinand Frederick "
    "Napoleon Nicholas Alexander Peter Catherine Ivan Pius Benedict Leo Gregory Innocent Clement Urban Boniface "
    "Celestine Francis Wilhelm Ramses Ramesses Xerxes Darius Cyrus Ptolemy Cleopatra Otto Conrad Rudolf Maximilian "
    "Leopold Joseph Gustav Gustavus Adolf Christian Harald Haakon Olaf Carlos Felipe Alfonso Juan Pedro Manuel "
    "Umberto Victor Emmanuel Albert Robert David Malcolm Stephen Harold Edmund Thomas Michael Andrew Martin Daniel "
    "Walter Arthur Hugh Margaret Anne Isabella Constantine Justinian Theodosius Sixtus Julius Thutmose Amenhotep Seti "
    "Mehmed Murad Selim Suleiman Luther Samuel Benjamin Theodore Franklin Frank Harry Ronald Donald Kenneth Patrick "
    "Simon Matthew Mark Lawrence Herbert Anthony Eric"
)
# Words that a cardinal follows.
NUMBERED = _words(
    "Chapter Part Book Volume Act Scene Section Article Appendix War Bowl Phase Type Class Title Level Stage Mark "
    "Episode Apollo Gemini Saturn Fantasy Rocky Vatican Grade Table Figure Unit Lesson Canto Psalm Amendment Division "
    "Group Schedule"
)
# Well-formed numerals that are more often initialisms.
NOT_ROMAN = _words("I C D M L X MD DC CD CV MC MI LI XL CC CL MM DI MIX DIM CIVIC LCD CM DM MCI CIV XXL XXX IV")
# Said as words.
ACRONYMS = _words(
    "NASA NATO COVID SARS MERS OPEC UNICEF UNESCO NAFTA AIDS LASER RADAR SCUBA SONAR SWAT FEMA NASDAQ FIFA UEFA PIN "
    "RAM ROM SIM GIF JPEG ZIP LAN WAN VAT OSHA NASCAR HIPAA ASCII BIOS CAPTCHA CERN ASEAN POTUS SCOTUS FLOTUS IKEA "
    "LEGO ACE DARPA RICO MENSA SAAB FIAT JSON YAML GUI DOS LEED MOMA PETA TASER WASP YOLO FOMO NIMBY EPCOT HAMAS ISIS "
    "VISA WIFI NORAD TED CAD"
)
# Said letter by letter, though they could be words.
SPELLED = _words(
    "AI USA UK UN EU UAE US IT TV CEO CFO CTO COO ACLU YMCA ESPN NCAA UCLA UFO UFC EPA FAA IRA IRS CIA FBI NSA GPA "
    "GPS ATM API IPO ISP IPA IOU IQ ID PA DA LA DIY FAQ ETA ESL EKG ECG MRI DNA RNA HIV IVF ICU IMF IBM AOL AAA ABC "
    "NBA NBC CBS CNN BBC HBO MIA POW VIP DUI DOJ DOE DOD HUD SEC FDA FCC FTC FDR JFK MLK NYU MIT USB CPU GPU SSD HDMI "
    "URL HTML HTTP HTTPS PDF CD DVD DJ MC AC DC AM PM BC AD BCE CE RV SUV UV IV OJ PJ EMT ER HR PR QA IP OS UI UX VR "
    "AR USAF USC USO NAACP AARP EIN SUNY LED LGBT LGBTQ OCD ADHD PTSD ASAP RSVP AKA FYI IMO IMHO BTW OMG LOL WTF EV "
    "IEEE IUD IED UAV NIH IDE EA AV RPI UPS OED IEP DOA IOC IAEA ITV ICYMI ISBN ISSN SKU "
    "ICBM OECD USDA USGS USPS USSR USMC USTA IPCC UNHCR IMDB NGO HOA PTA RAF TSA UAW APA AMA AWS EEG CPA ROI"
)
# Plain words of up to four letters: in capitals they shout.
SHORT_WORDS = _words(
    "AM AN AS AT BE BY DO GO HA HE HI IF IN IS ME MY NO OF OH ON OR SO TO UP WE YO OW AH EH UH UM MR MS ACT ADD AGE "
    "AGO AID AIM AIR ALL AND ANY ARE ARM ART ASK ATE BAD BAG BAN BAR BAT BED BEE BEG BET BIG BIT BOX BOY BUS BUT BUY "
    "BYE CAN CAP CAR CAT COP COW CRY CUP CUT DAD DAY DID DIE DIG DOG DRY DUE EAR EAT EGG END EYE FAN FAR FAT FEW FIT "
    "FIX FLY FOR FOX FUN GAS GET GOD GOT GUN GUY HAD HAS HAT HER HEY HIM HIS HIT HOT HOW HUG HUH ICE ILL ITS JOB JOY "
    "KEY KID LAW LAY LEG LET LIE LOT LOW MAD MAN MAP MAY MEN MOM MUD NET NEW NOR NOT NOW NUT ODD OFF OIL OLD ONE OUR "
    "OUT OWE OWN PAN PAY PEN PET PIE PIG POP POT PUT RAN RAT RAW RED RID RIP ROW RUN SAD SAT SAW SAY SEA SEE SET SEX "
    "SHE SHY SIR SIT SIX SKY SON SUN TAX TEA TEN THE TIE TIP TOE TOO TOP TOY TRY TWO USE VAN WAR WAS WAY WET WHO WHY "
    "WIN WON WOW YEP YES YET YOU ZOO MRS HOP LIP BOO SHH PSST HMM HMMM ARGH UGH AAH OOH NAH YEAH BIN BOW BUD BUG CAB "
    "CAM DAM DEN DIM DIP DOC DOT EGO ELF ERA EVE FED FIN FIG FOG GAP GEM GUM GUT GYM HAM HEN HIP HOG HUT INK INN JAM "
    "JAR JAW JET JOG LAB LAD LAP LID LOG MIX MOB MOP MUG NAP NIL NUN OAK OAR OAT OWL PAL PAW PEA PEG PIT PRO RAG RAY "
    "RIB RIM ROB ROD ROT RUB RUG RUM SAP SIN SIP SOB SOY SPA SPY SUE SUM TAB TAG TAN TAP TAR TIN TON TUB TUG URN VET "
    "VOW WAG WAX WEB WED WIG WIT YAK YAM ZEN ZAP"
)
# Initialisms that are plain words where the whole text shouts.
ALSO_WORDS = _words("US IT ID OR AM IS ARE AD PA LA ICE LED AIDS")
