"""The words of :mod:`recipes.corpus.describe`."""

from __future__ import annotations

Words = tuple[str, ...]


def split_words(text: str) -> Words:
    """``"glad | in high spirits"`` to ("glad", "in high spirits")."""
    return tuple(" ".join(word.split()) for word in text.split("|"))


# emotion: (words for a weak one, for a usual one, for a strong one)
EMOTION_WORDS: dict[str, tuple[Words, Words, Words]] = {
    "angry": (
        split_words(
            """annoyed | irritated | miffed | grumpy | cross | peeved | grouchy | impatient | short-tempered | huffy
            | annoyed at being kept waiting | ratty | displeased"""
        ),
        split_words(
            """angry | mad | irate | aggressive | hostile | bad-tempered | in anger | angrily | with an angry voice |
            resentful | indignant | fed up | snapping at someone | scolding | outraged | heated | complaining
            bitterly | growling | sharp-tongued | accusing | full of resentment | arguing | threatening | shouting
            in anger | in a temper | in a rage | at the end of their tether | bitter | antagonistic"""
        ),
        split_words(
            """furious | enraged | full of rage | livid | seething | boiling with anger | raging | in a fury |
            incensed | apoplectic | blowing up | exploding with anger | screaming with rage | beside themselves
            with anger | wild with fury"""
        ),
    ),
    "calm": (
        split_words("fairly relaxed | composed | unbothered | easygoing | quite settled | moderate"),
        split_words(
            """calm | relaxed | serene | peaceful | soothing | at ease | calmly | gentle | tranquil | laid-back |
            patient | reassuring | placid | mellow and calm | comforting | tender | quiet and relaxed |
            even-tempered | unworried | mild | softly spoken and calm | at peace | untroubled | leisurely |
            carefree and calm | balanced | mindful | consoling | lulling | restrained and calm"""
        ),
        split_words(
            """utterly serene | completely at peace | deeply relaxed | perfectly tranquil | meditative | in total
            serenity | dreamily relaxed | as calm as can be | blissfully peaceful | trance-like"""
        ),
    ),
    "disgust": (
        split_words(
            """put off | displeased by something nasty | a little queasy | turning up their nose | finding it
            distasteful | mildly repulsed"""
        ),
        split_words(
            """disgusted | revolted | repelled | grossed out | in disgust | with distaste | sickened | contemptuous |
            full of disgust | nauseated | disdainful | scornful | repulsed | appalled by filth | full of contempt
            | with a sneer | sneering | turned off | finding it gross | feeling sick | with revulsion | averse |
            saying yuck | as in ugh | with aversion | squeamish"""
        ),
        split_words(
            """utterly revolted | absolutely disgusted | about to throw up | loathing it | full of loathing |
            retching | gagging | about to vomit | filled with revulsion | sick to the stomach | thoroughly
            repelled"""
        ),
    ),
    "fearful": (
        split_words(
            """uneasy | worried | nervous | apprehensive | on edge | jittery | tense | insecure | hesitant and
            worried | shy | uncertain | wary"""
        ),
        split_words(
            """afraid | scared | frightened | fearful | anxious | full of fear | in fear | fearfully | alarmed | with
            a frightened voice | shaking with fear | timid and afraid | trembling with fear | panicky | in dread |
            dreading it | spooked | intimidated | nervously | fretful | cowering | threatened | worried sick |
            pleading in fear | stammering from fear | with a voice full of fear | desperate and afraid"""
        ),
        split_words(
            """terrified | panicking | in panic | horrified | scared to death | petrified | in terror | frantic | in
            mortal fear | hysterical with fear | frozen with terror | screaming in fear | dreadfully scared"""
        ),
    ),
    "happy": (
        split_words(
            """pleased | content | in good spirits | amused | satisfied | light-hearted | friendly | in a pleasant
            mood | rather cheery"""
        ),
        split_words(
            """happy | cheerful | joyful | glad | merry | in a good mood | smiling | happily | cheerfully | upbeat |
            with joy | delighted | jolly | laughing | excited and happy | with a smile | joyous | cheery | bubbly
            | enthusiastic | sunny | playful | giggling | chirpy | lively and happy | full of joy | grinning |
            proud and happy | optimistic | in high spirits | excited | warm and friendly | rejoicing | gleeful |
            energetic and positive"""
        ),
        split_words(
            """overjoyed | ecstatic | thrilled | elated | beaming with joy | jubilant | over the moon | euphoric |
            bursting with happiness | on cloud nine | exhilarated | delirious with joy | jumping for joy |
            cheering | triumphant"""
        ),
    ),
    "sad": (
        split_words(
            """a touch wistful | subdued | down | glum | a bit low | disappointed | pensive | blue | a little lonely
            | regretful"""
        ),
        split_words(
            """sad | sorrowful | unhappy | downcast | melancholy | gloomy | sadly | mournful | dejected | in tears |
            with sadness | depressed | miserable | weepy | tearful | broken-hearted | lonely | despondent | full
            of sorrow | dispirited | down in the dumps | with a heavy heart | bereaved | hopeless | sighing sadly
            | crying softly | woeful | resigned | disheartened | hurt | let down | full of regret | nostalgic and
            sad"""
        ),
        split_words(
            """heartbroken | grieving | devastated | sobbing | crying | inconsolable | in despair | grief-stricken |
            weeping | wailing | in deep grief | crushed | shattered | utterly miserable | in deep mourning |
            sobbing uncontrollably"""
        ),
    ),
    "surprised": (
        split_words(
            """mildly taken aback | puzzled | caught off guard a little | a bit startled | somewhat bewildered |
            intrigued"""
        ),
        split_words(
            """surprised | astonished | amazed | startled | taken aback | in disbelief | in surprise | with surprise
            | incredulous | wondering | full of wonder | bewildered | wide-eyed | gasping | open-mouthed | in
            amazement | perplexed | confounded | unable to believe it | in wonder | baffled | struck by the news |
            exclaiming | in awe | jolted | asking in disbelief"""
        ),
        split_words(
            """stunned | flabbergasted | shocked | dumbfounded | thunderstruck | utterly astonished | speechless |
            staggered | astounded | blown away | gobsmacked | floored by the news"""
        ),
    ),
    "neutral": (
        (),
        split_words(
            """neutral | matter-of-fact | plain | without emotion | ordinary | even-toned | in a normal voice |
            unemotional | neutrally | as in the news | factual | businesslike | in an everyday tone | with no
            particular feeling | emotionless | impartial | flatly factual | informative | objective | detached |
            dispassionate | standard | regular | neither here nor there | reading aloud plainly | indifferent |
            average | sober | normal | in a plain tone | conversational | like an answering machine | official |
            formal | deadpan"""
        ),
        (),
    ),
}
WEAK = split_words(
    """slightly | a little | somewhat | a bit | mildly | faintly | vaguely | a tiny bit | just a touch | kind of |
    only slightly | rather | a hint of being | mildly but noticeably | quietly | half | softly"""
)
STRONG = split_words(
    """very | extremely | really | deeply | intensely | terribly | utterly | incredibly | so | totally | completely |
    absolutely | violently | overwhelmingly | exceedingly | wildly | desperately | as anyone can be"""
)
VERY = split_words("very | extremely | really | awfully | super | much too")
WHISPERS = split_words(
    """whispering | in a whisper | whispered | under the breath | in hushed tones | whispers | murmuring without
    voice | hushed | like telling a secret | as quiet as a whisper | in a whispering voice | barely above a breath
    | whispering into an ear | voiceless | speaking without voice | sotto voce | in a hush"""
)
# (attribute, from where it is said, (words below, words above))
MANNER_WORDS: tuple[tuple[str, float, tuple[Words, Words]], ...] = (
    (
        "rate",
        0.14,
        (
            split_words(
                """slow | slowly | unhurried | drawn out | taking their time | dragging | at a slow pace | sluggish |
                word by word | speaking slowly | with long-drawn words | ponderous | slow-paced"""
            ),
            split_words(
                """fast | quickly | hurried | rapid | in a rush | rattling along | speaking fast | at high speed |
                speedy | hasty | gabbling | fast-talking | at a brisk pace | breakneck | racing through the words
                | swift"""
            ),
        ),
    ),
    (
        "level",
        2.8,
        (
            split_words(
                """quiet | softly | in a low voice | quietly | soft-spoken | barely audible | not loud | soft | at
                low volume | hardly to be heard | keeping the voice down | faint"""
            ),
            split_words(
                """loud | loudly | shouting | at the top of the voice | raising the voice | yelling | noisy | at full
                volume | booming | bellowing | calling out | with a powerful voice | screaming"""
            ),
        ),
    ),
    (
        "pitch",
        2.3,
        (
            split_words("in a low pitch | lower than usual | with a lowered voice | low-pitched"),
            split_words("in a high pitch | higher than usual | with a raised pitch | high-pitched | shrill"),
        ),
    ),
    (
        "range",
        0.33,
        (
            split_words("monotone | flat | monotonous | without melody | droning"),
            split_words("lively | animated | expressive | sing-song | full of melody | dramatic"),
        ),
    ),
    (
        "tilt",
        2.2,
        (
            split_words("muffled | soft-edged | lax | dull"),
            split_words("sharp | pressed | strained | forceful | piercing"),
        ),
    ),
    (
        "breath",
        2.2,
        (
            (),
            split_words("breathy | breathless | airy | sighing"),
        ),
    ),
    (
        "smile",
        2.4,
        (
            split_words("with pouting lips"),
            split_words("with a smile in the voice | smiling"),
        ),
    ),
    (
        "slope",
        0.8,
        (
            split_words("trailing off | falling in pitch | sinking"),
            split_words("rising in pitch | with a rising tone | as a question"),
        ),
    ),
    (
        "tremor",
        0.25,
        (
            (),
            split_words("trembling | with a shaky voice | quivering | shaking"),
        ),
    ),
)

MEN = split_words(
    """man | male speaker | guy | gentleman | bloke | fellow | man's voice | male voice | male | dude | boyfriend |
    husband | uncle | father | king | brother | chap | man of forty"""
)
WOMEN = split_words(
    """woman | female speaker | lady | woman's voice | female voice | female | wife | aunt | mother | queen | sister
    | girlfriend | woman of forty | gal"""
)
YOUNG_MEN = split_words("young man | lad | boy | young guy | teenage boy | man in his twenties | male student")
YOUNG_WOMEN = split_words("young woman | girl | young lady | teenage girl | woman in her twenties | female student")
OLD_MEN = split_words("old man | grandfather | grandpa | elderly man | man of seventy | old gentleman | retired man")
OLD_WOMEN = split_words(
    "old woman | grandmother | granny | elderly woman | woman of seventy | old lady | retired woman"
)
CHILDREN = split_words("child | little girl | kid | small child | girl of ten | schoolgirl | girl's voice")
PEOPLE = split_words("person | speaker | human voice | voice | individual | human being")
WORKERS = split_words(
    """teacher | doctor | narrator | newsreader | actor | singer | nurse | soldier | driver | lawyer | shopkeeper |
    scientist | librarian | politician | storyteller | sailor"""
)
OLD = split_words(
    "old | elderly | aged | older | senior | grey-haired | ageing | in his or her seventies | wizened | frail"
)
YOUNG = split_words("young | youthful | younger | juvenile | in their twenties | teenage | adolescent")
MIDDLE = split_words("middle-aged | grown-up | mature")
DEEP = split_words("deep | low-pitched | low | deep-voiced | bass | deep voice | with a low voice | baritone")
HIGH = split_words("high-pitched | high | light | high-voiced | high voice | thin | with a high voice | squeaky")
BREATHY = split_words("breathy | airy | soft | husky | breathy voice | with a soft, breathy voice")
BRIGHT = split_words("bright | clear | crisp | bright voice | with a clear voice | sharp")
DARK = split_words("dark | warm | mellow | dark voice | with a warm voice | velvety")
