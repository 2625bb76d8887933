"""The words of :mod:`recipes.corpus.describe`."""

from __future__ import annotations

Words = tuple[str, ...]

# emotion: (words for a weak one, for a usual one, for a strong one)
EMOTION_WORDS: dict[str, tuple[Words, Words, Words]] = {
    "angry": (
        ("annoyed", "irritated", "miffed", "grumpy", "cross"),
        (
            "angry",
            "mad",
            "irate",
            "aggressive",
            "hostile",
            "bad-tempered",
            "in anger",
            "angrily",
            "with an angry voice",
            "resentful",
            "indignant",
            "fed up",
            "snapping at someone",
            "scolding",
        ),
        ("furious", "enraged", "full of rage", "livid", "seething", "boiling with anger", "raging", "in a fury"),
    ),
    "calm": (
        ("fairly relaxed", "composed", "unbothered"),
        (
            "calm",
            "relaxed",
            "serene",
            "peaceful",
            "soothing",
            "at ease",
            "calmly",
            "gentle",
            "tranquil",
            "laid-back",
            "patient",
            "reassuring",
            "placid",
            "mellow and calm",
        ),
        ("utterly serene", "completely at peace", "deeply relaxed", "perfectly tranquil", "meditative"),
    ),
    "disgust": (
        ("put off", "displeased by something nasty", "a little queasy"),
        (
            "disgusted",
            "revolted",
            "repelled",
            "grossed out",
            "in disgust",
            "with distaste",
            "sickened",
            "contemptuous",
            "full of disgust",
            "nauseated",
            "disdainful",
            "scornful",
        ),
        ("utterly revolted", "absolutely disgusted", "about to throw up", "loathing it", "full of loathing"),
    ),
    "fearful": (
        ("uneasy", "worried", "nervous", "apprehensive", "on edge"),
        (
            "afraid",
            "scared",
            "frightened",
            "fearful",
            "anxious",
            "full of fear",
            "in fear",
            "fearfully",
            "alarmed",
            "with a frightened voice",
            "shaking with fear",
            "timid and afraid",
        ),
        ("terrified", "panicking", "in panic", "horrified", "scared to death", "petrified", "in terror"),
    ),
    "happy": (
        ("pleased", "content", "in good spirits", "amused"),
        (
            "happy",
            "cheerful",
            "joyful",
            "glad",
            "merry",
            "in a good mood",
            "smiling",
            "happily",
            "cheerfully",
            "upbeat",
            "with joy",
            "delighted",
            "jolly",
            "laughing",
            "excited and happy",
            "with a smile",
        ),
        ("overjoyed", "ecstatic", "thrilled", "elated", "beaming with joy", "jubilant", "over the moon"),
    ),
    "sad": (
        ("a touch wistful", "subdued", "down", "glum"),
        (
            "sad",
            "sorrowful",
            "unhappy",
            "downcast",
            "melancholy",
            "gloomy",
            "sadly",
            "mournful",
            "dejected",
            "in tears",
            "with sadness",
            "depressed",
            "miserable",
            "weepy",
            "tearful",
        ),
        ("heartbroken", "grieving", "devastated", "sobbing", "crying", "inconsolable", "in despair", "grief-stricken"),
    ),
    "surprised": (
        ("mildly taken aback", "puzzled", "caught off guard a little"),
        (
            "surprised",
            "astonished",
            "amazed",
            "startled",
            "taken aback",
            "in disbelief",
            "in surprise",
            "with surprise",
            "incredulous",
            "wondering",
            "full of wonder",
        ),
        ("stunned", "flabbergasted", "shocked", "dumbfounded", "thunderstruck", "utterly astonished"),
    ),
    "neutral": (
        (),
        (
            "neutral",
            "matter-of-fact",
            "plain",
            "without emotion",
            "ordinary",
            "even-toned",
            "in a normal voice",
            "unemotional",
            "neutrally",
            "as in the news",
            "factual",
            "businesslike",
            "in an everyday tone",
            "with no particular feeling",
            "emotionless",
            "impartial",
        ),
        (),
    ),
}
WEAK: Words = (
    "slightly",
    "a little",
    "somewhat",
    "a bit",
    "mildly",
    "faintly",
    "vaguely",
    "a tiny bit",
    "just a touch",
)
STRONG: Words = (
    "very",
    "extremely",
    "really",
    "deeply",
    "intensely",
    "terribly",
    "utterly",
    "incredibly",
    "so",
    "totally",
)
VERY: Words = ("very", "extremely", "really")

SCENES: dict[str, Words] = {
    "angry": (
        "shouting at someone who cheated them",
        "as if someone had wrecked their car",
        "losing their temper",
        "in the middle of a quarrel",
        "telling someone off",
        "as if insulted",
    ),
    "calm": (
        "as if talking a child to sleep",
        "like a meditation guide",
        "as on a quiet evening by the lake",
        "taking it easy",
    ),
    "disgust": (
        "as if something smelled rotten",
        "as if biting into spoiled food",
        "looking at something filthy",
        "as if there were a hair in the soup",
    ),
    "fearful": (
        "as if someone were following them",
        "hiding from a monster",
        "alone in the dark",
        "begging for help",
        "as if in great danger",
    ),
    "happy": (
        "as if it were their birthday",
        "having won a prize",
        "greeting an old friend",
        "celebrating",
        "telling wonderful news",
        "in love with life",
    ),
    "sad": (
        "as if at a funeral",
        "having lost a friend",
        "on the verge of tears",
        "saying goodbye forever",
        "mourning",
        "choking back tears",
    ),
    "surprised": (
        "as if they could not believe their eyes",
        "opening an unexpected present",
        "who did not see that coming",
        "as if a ghost had walked in",
    ),
    "neutral": (
        "reading the weather report",
        "reading out a list",
        "like an announcement at a station",
        "reading a manual",
    ),
}
NEGATIONS: dict[str, Words] = {
    "angry": ("not amused at all", "anything but calm", "not friendly", "not in the mood for jokes"),
    "calm": ("not in a hurry and not upset", "without any stress", "not nervous at all", "with no tension"),
    "disgust": ("not liking it one bit", "cannot stand it", "not impressed, repelled"),
    "fearful": ("not feeling safe", "not brave at all", "anything but confident"),
    "happy": ("not sad at all", "anything but gloomy", "without a care in the world"),
    "sad": ("not happy at all", "anything but cheerful", "without hope", "not able to smile"),
    "surprised": ("not expecting that", "not prepared for this", "unable to believe it"),
    "neutral": (
        "neither happy nor sad",
        "not emotional",
        "not angry, not happy, just normal",
        "without any feeling",
        "showing no emotion",
    ),
}
WHISPERS: Words = (
    "whispering",
    "in a whisper",
    "whispered",
    "under the breath",
    "in hushed tones",
    "whispers",
    "murmuring without voice",
    "hushed",
    "like telling a secret",
    "as quiet as a whisper",
)
# (attribute, from where it is said, (words below, words above))
MANNER_WORDS: tuple[tuple[str, float, tuple[Words, Words]], ...] = (
    (
        "rate",
        0.14,
        (
            ("slow", "slowly", "unhurried", "drawn out", "taking their time", "dragging"),
            ("fast", "quickly", "hurried", "rapid", "in a rush", "rattling along", "speaking fast"),
        ),
    ),
    (
        "level",
        2.8,
        (
            ("quiet", "softly", "in a low voice", "quietly", "soft-spoken", "barely audible", "not loud"),
            ("loud", "loudly", "shouting", "at the top of the voice", "raising the voice", "yelling", "noisy"),
        ),
    ),
    (
        "pitch",
        2.3,
        (
            ("in a low pitch", "lower than usual", "with a lowered voice", "low-pitched"),
            ("in a high pitch", "higher than usual", "with a raised pitch", "high-pitched", "shrill"),
        ),
    ),
    (
        "range",
        0.33,
        (
            ("monotone", "flat", "monotonous", "without melody", "droning"),
            ("lively", "animated", "expressive", "sing-song", "full of melody", "dramatic"),
        ),
    ),
    ("tilt", 2.2, (("muffled", "soft-edged", "lax", "dull"), ("sharp", "pressed", "strained", "forceful", "piercing"))),
    ("breath", 2.2, ((), ("breathy", "breathless", "airy", "sighing"))),
    ("smile", 2.4, (("with pouting lips",), ("with a smile in the voice", "smiling"))),
    (
        "slope",
        0.8,
        (("trailing off", "falling in pitch", "sinking"), ("rising in pitch", "with a rising tone", "as a question")),
    ),
    ("tremor", 0.25, ((), ("trembling", "with a shaky voice", "quivering", "shaking"))),
)

MEN: Words = ("man", "male speaker", "guy", "gentleman", "bloke", "fellow", "man's voice", "male voice", "male", "dude")
WOMEN: Words = ("woman", "female speaker", "lady", "woman's voice", "female voice", "female")
YOUNG_MEN: Words = ("young man", "lad", "boy", "young guy", "teenage boy", "man in his twenties", "male student")
YOUNG_WOMEN: Words = ("young woman", "girl", "young lady", "teenage girl", "woman in her twenties", "female student")
OLD_MEN: Words = ("old man", "grandfather", "grandpa", "elderly man", "man of seventy", "old gentleman", "retired man")
OLD_WOMEN: Words = (
    "old woman",
    "grandmother",
    "granny",
    "elderly woman",
    "woman of seventy",
    "old lady",
    "retired woman",
)
CHILDREN: Words = ("child", "little girl", "kid", "small child", "girl of ten", "schoolgirl", "girl's voice")
PEOPLE: Words = ("person", "speaker", "human voice", "voice", "individual", "human being")
WORKERS: Words = (
    "teacher",
    "doctor",
    "narrator",
    "newsreader",
    "actor",
    "singer",
    "nurse",
    "soldier",
    "driver",
    "lawyer",
    "shopkeeper",
    "scientist",
    "librarian",
    "politician",
    "storyteller",
    "sailor",
)
OLD: Words = ("old", "elderly", "aged", "older", "senior", "grey-haired")
YOUNG: Words = ("young", "youthful", "younger", "juvenile")
MIDDLE: Words = ("middle-aged", "grown-up", "mature")
DEEP: Words = ("deep", "low-pitched", "low", "deep-voiced", "bass", "deep voice", "with a low voice", "baritone")
HIGH: Words = ("high-pitched", "high", "light", "high-voiced", "high voice", "thin", "with a high voice", "squeaky")
BREATHY: Words = ("breathy", "airy", "soft", "husky", "breathy voice", "with a soft, breathy voice")
BRIGHT: Words = ("bright", "clear", "crisp", "bright voice", "with a clear voice", "sharp")
DARK: Words = ("dark", "warm", "mellow", "dark voice", "with a warm voice", "velvety")
