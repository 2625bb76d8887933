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
            | annoyed at being kept waiting | ratty | displeased | ticked off | a trifle cross | put out | needled
            | in a huff | exasperated a little | tetchy | sour"""
        ),
        split_words(
            """angry | mad | irate | aggressive | hostile | bad-tempered | in anger | angrily | with an angry voice |
            resentful | indignant | fed up | snapping at someone | scolding | outraged | heated | complaining
            bitterly | growling | sharp-tongued | accusing | full of resentment | arguing | threatening | shouting
            in anger | in a temper | in a rage | at the end of their tether | bitter | antagonistic | enraged at
            what happened | up in arms | hot under the collar | crabby | ill-tempered | wrathful | full of wrath |
            infuriated | exasperated | venting | ranting | cursing | swearing | spitting with anger | hissing
            angrily | berating someone | reprimanding | giving someone a piece of their mind | yelling at someone
            | at boiling point | irritable | embittered | vengeful | spiteful | venomous | scathing | with gritted
            teeth | losing patience | on the warpath | out for a fight | confrontational | roaring with anger |
            indignantly | furiously | angered | provoked | fierce | hateful"""
        ),
        split_words(
            """furious | enraged | full of rage | livid | seething | boiling with anger | raging | in a fury |
            incensed | apoplectic | blowing up | exploding with anger | screaming with rage | beside themselves
            with anger | wild with fury | beside themselves | hitting the roof | seeing red | foaming at the mouth
            | absolutely furious | flying off the handle | consumed by hatred | going berserk | about to explode"""
        ),
    ),
    "calm": (
        split_words(
            """fairly relaxed | composed | unbothered | easygoing | quite settled | moderate | taking it fairly easy
            | quite collected | reasonably relaxed | steady"""
        ),
        split_words(
            """calm | relaxed | serene | peaceful | soothing | at ease | calmly | gentle | tranquil | laid-back |
            patient | reassuring | placid | mellow and calm | comforting | tender | quiet and relaxed | even-tempered
            | unworried | mild | softly spoken and calm | at peace | untroubled | leisurely | carefree
            and calm | balanced | mindful | consoling | lulling | restrained and calm | unruffled | in a calming
            tone | level-headed | collected | poised | untense | gently reassuring | quietly content | easy-going
            and slow | cool and collected | tranquilly | peacefully | hushed and peaceful | softly reassuring |
            like a lullaby | at rest | resting | at leisure | in harmony | undisturbed | unexcited | unhurried and
            peaceful | imperturbable | stoic | settled | contented and quiet | soothingly | patiently | serenely |
            with a soothing voice | taking a deep breath | meditating | with quiet assurance | nothing to worry
            about"""
        ),
        split_words(
            """utterly serene | completely at peace | deeply relaxed | perfectly tranquil | meditative | in total
            serenity | dreamily relaxed | as calm as can be | blissfully peaceful | trance-like | in a state of
            bliss and rest | entirely without tension | drifting off | zen | supremely calm | floating on a cloud
            of peace"""
        ),
    ),
    "disgust": (
        split_words(
            """put off | displeased by something nasty | a little queasy | turning up their nose | finding it
            distasteful | mildly repulsed | faintly queasy | not keen on the smell | wrinkling the nose | a touch
            nauseous | a bit grossed out"""
        ),
        split_words(
            """disgusted | revolted | repelled | grossed out | in disgust | with distaste | sickened | contemptuous |
            full of disgust | nauseated | disdainful | scornful | repulsed | appalled by filth | full of contempt
            | with a sneer | sneering | turned off | finding it gross | feeling sick | with revulsion | averse |
            saying yuck | as in ugh | with aversion | squeamish | repulsed by it | finding it vile | finding it
            revolting | nauseous | in revulsion | with repugnance | loathsome, as they see it | in contempt |
            derisive | looking down on it | holding their breath at the stench | as if it stank | as if it were
            rotten | ugh | yuck | bleh | phew, what a stench | disgustedly | put off by the slime | abhorring it |
            detesting it | unable to swallow it | feeling queasy | turning away from the smell | sick of the sight
            of it | making a face | shuddering with distaste | finding it icky | finding it foul | queasy |
            distasteful"""
        ),
        split_words(
            """utterly revolted | absolutely disgusted | about to throw up | loathing it | full of loathing |
            retching | gagging | about to vomit | filled with revulsion | sick to the stomach | thoroughly
            repelled | utterly sickened | heaving | filled with disgust | overcome by nausea | revolted beyond
            words | ready to be sick"""
        ),
    ),
    "fearful": (
        split_words(
            """uneasy | worried | nervous | apprehensive | on edge | jittery | tense | insecure | hesitant and
            worried | shy | uncertain | wary | a bit afraid | uneasily | a little anxious | concerned | unsure |
            ill at ease | restless with worry"""
        ),
        split_words(
            """afraid | scared | frightened | fearful | anxious | full of fear | in fear | fearfully | alarmed | with
            a frightened voice | shaking with fear | timid and afraid | trembling with fear | panicky | in dread |
            dreading it | spooked | intimidated | nervously | fretful | cowering | threatened | worried sick |
            pleading in fear | stammering from fear | with a voice full of fear | desperate and afraid | in a
            state of fear | shivering with fear | shaken | rattled | filled with dread | dreadful, as before an
            accident | with fear in the voice | with a trembling voice | shuddering | fearing the worst | fearing
            for their life | hunted | cornered | helpless and afraid | crying for help | scaredly | timorous |
            faint-hearted | cowardly | skittish | edgy | worriedly | agitated and afraid | full of foreboding |
            paranoid | frightened out of their wits | having a nightmare | stuttering with nerves | anxiously |
            with bated breath | in distress | worried to death | terror in the eyes | expecting the worst | pale
            with fear | white as a sheet | having stage fright"""
        ),
        split_words(
            """terrified | panicking | in panic | horrified | scared to death | petrified | in terror | frantic | in
            mortal fear | hysterical with fear | frozen with terror | screaming in fear | dreadfully scared | in
            sheer terror | paralysed by fear | numb with fear | out of their mind with fear | in blind panic |
            screaming for help"""
        ),
    ),
    "happy": (
        split_words(
            """pleased | content | in good spirits | amused | satisfied | light-hearted | friendly | in a pleasant
            mood | rather cheery | in a good frame of mind | fairly happy | quite glad | cheered up | hopeful"""
        ),
        split_words(
            """happy | cheerful | joyful | glad | merry | in a good mood | smiling | happily | cheerfully | upbeat |
            with joy | delighted | jolly | laughing | excited and happy | with a smile | joyous | cheery | bubbly
            | enthusiastic | sunny | playful | giggling | chirpy | lively and happy | full of joy | grinning |
            proud and happy | optimistic | in high spirits | excited | warm and friendly | rejoicing | gleeful |
            energetic and positive | radiant | chuckling | in great spirits | in a sunny mood | gladly | joyfully
            | merrily | high-spirited | jovial | festive | exuberant | beaming | full of beans | sparkling |
            delightedly | glowing with happiness | laughing out loud | hilarious | mirthful | with glee | pleased
            as can be | well pleased | blithe | buoyant | chipper | peppy | perky | in seventh heaven | relieved
            and happy | blissful | thankful and happy | fun-loving | making jokes | light of heart | happy-go-lucky
            | full of enthusiasm | as happy as a lark | tickled | welcoming | having fun | having a great
            time | full of good cheer"""
        ),
        split_words(
            """overjoyed | ecstatic | thrilled | elated | beaming with joy | jubilant | over the moon | euphoric |
            bursting with happiness | on cloud nine | exhilarated | delirious with joy | jumping for joy |
            cheering | triumphant | wildly happy | in raptures | shouting for joy | on top of the world | walking
            on air | dancing with joy | brimming with joy | intoxicated with joy"""
        ),
    ),
    "sad": (
        split_words(
            """a touch wistful | subdued | down | glum | a bit low | disappointed | pensive | blue | a little lonely
            | regretful | feeling a bit blue | somewhat dejected | wistful | a little tearful | cheerless | not
            quite over it | rueful"""
        ),
        split_words(
            """sad | sorrowful | unhappy | downcast | melancholy | gloomy | sadly | mournful | dejected | in tears |
            with sadness | depressed | miserable | weepy | tearful | broken-hearted | lonely | despondent | full
            of sorrow | dispirited | down in the dumps | with a heavy heart | bereaved | hopeless | sighing sadly
            | crying softly | woeful | resigned | disheartened | hurt | let down | full of regret | nostalgic and
            sad | in sorrow | sorrowfully | in low spirits | low in spirits | grievous | heavy-hearted | with
            tears in the eyes | with a broken voice | tearfully | mournfully | gloomily | forlorn | desolate |
            dismal | sombre | plaintive | lamenting | sniffling | moping | distressed and sad | in pain over the
            loss | in low mood | crestfallen | sulking sadly | brooding | abandoned | missing someone | despairing
            | disconsolate | full of grief | bleak | sad to the bone | with a sigh | weary of life | defeated |
            unhappily | pained | joyless | melancholic | wretched | crying | with wet eyes | in grief | pitiful"""
        ),
        split_words(
            """heartbroken | grieving | devastated | sobbing | crying | inconsolable | in despair | grief-stricken |
            weeping | wailing | in deep grief | crushed | shattered | utterly miserable | in deep mourning |
            sobbing uncontrollably | drowning in sorrow | overcome with grief | howling with grief | in floods of
            tears | broken by grief | weeping bitterly | destroyed by the loss"""
        ),
    ),
    "surprised": (
        split_words(
            """mildly taken aback | puzzled | caught off guard a little | a bit startled | somewhat bewildered |
            intrigued | a little surprised | faintly astonished | with raised eyebrows | curious and surprised |
            slightly thrown"""
        ),
        split_words(
            """surprised | astonished | amazed | startled | taken aback | in disbelief | in surprise | with surprise
            | incredulous | wondering | full of wonder | bewildered | wide-eyed | gasping | open-mouthed | in
            amazement | perplexed | confounded | unable to believe it | in wonder | baffled | struck by the news |
            exclaiming | in awe | jolted | asking in disbelief | in astonishment | astonishedly | in shock | with
            a start | with wide eyes | with open mouth | agape | agog | stupefied | nonplussed | bemused |
            mystified | dazed | caught by surprise | taken by surprise | caught off balance | unprepared |
            unsuspecting | wonderstruck | marvelling | full of amazement | disbelieving | doubting their ears |
            doubting their eyes | not believing their ears | what on earth | good heavens | really? | surprisedly
            | rubbing their eyes | jumping in surprise | gasping in surprise | stopped in their tracks | lost for
            words | struck | puzzled and amazed | stumbling on something unexpected | impressed and astonished |
            jolted awake"""
        ),
        split_words(
            """stunned | flabbergasted | shocked | dumbfounded | thunderstruck | utterly astonished | speechless |
            staggered | astounded | blown away | gobsmacked | floored by the news | knocked sideways | completely
            amazed | struck dumb | absolutely stunned | shocked to the core | left speechless | mind blown"""
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
            formal | deadpan | ordinarily | in the usual way | everyday | uninvolved | level | unaffected |
            unexcited and plain | neutral in tone | with a neutral expression | emotion-free | unexpressive |
            plainly spoken | straightforward | dry | prosaic | routine | clerical | bureaucratic | mechanical
            reading | as if reading | reading from a page | in a reading voice | like a newsreader | like a
            dictionary entry | like a recorded message | just talking | simply speaking | speaking normally | with
            no special mood | cool and objective | clinical | unmoved | no emotion in it | nothing in particular"""
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
# (attribute, from where it is said, (words below, words above)); the first four of each are said most
MANNER_WORDS: tuple[tuple[str, float, tuple[Words, Words]], ...] = (
    (
        "rate",
        0.14,
        (
            split_words(
                """slow | slowly | speaking slowly | at a slow pace | unhurried | drawn out | taking their time |
                dragging | sluggish | word by word | with long-drawn words | ponderous | slow-paced | slower |
                slowed down | in no hurry | without haste | with drawn-out vowels | drawling | lingering on every
                word | plodding | leisurely | half asleep | one word at a time | pausing after every word | at half
                speed | slow as molasses | measured and slow | as slow as a tortoise | spelling it out | very
                deliberate | crawling along | never in a rush | lagging behind"""
            ),
            split_words(
                """fast | quickly | speaking fast | at high speed | hurried | rapid | in a rush | rattling along |
                speedy | hasty | gabbling | fast-talking | at a brisk pace | breakneck | racing through the words
                | swift | faster | quick | sped up | rushing | hurriedly | at double speed | without a pause |
                babbling | tumbling over the words | chattering away | with no time to lose | brisk | rapidly |
                as quick as lightning | words pouring out | in double time | pressed for time | jabbering |
                speaking at a gallop | late for the train"""
            ),
        ),
    ),
    (
        "level",
        2.8,
        (
            split_words(
                """quiet | softly | quietly | soft-spoken | in a low voice | barely audible | not loud | soft |
                at low volume | hardly to be heard | keeping the voice down | faint | quieter | muted | at a low
                level | with the volume low | silently almost | faintly | low-volume | half aloud | as if
                someone were sleeping | hardly making a sound | mumbling to themselves | weak-voiced | hush-hush |
                in a tiny voice | murmuring | discreet, so as not to be overheard | as in a church | softer |
                speaking low | far from the microphone | subdued in volume"""
            ),
            split_words(
                """loud | loudly | shouting | very loudly | at the top of the voice | raising the voice | yelling |
                noisy | at full volume | booming | bellowing | calling out | with a powerful voice | screaming |
                louder | full-throated | hollering | roaring | crying out | with a carrying voice | ear-splitting |
                shouted | at high volume | with the volume high | over the roar of the crowd | for everybody to
                hear | like a market crier | calling from afar | with all their might | projecting the voice |
                addressing a crowd | like a football fan | over loud music | strident | thundering | blaring"""
            ),
        ),
    ),
    (
        "pitch",
        2.3,
        (
            split_words(
                """in a low pitch | lower than usual | with a lowered voice | low-pitched | low in pitch | deeper |
                in a deep tone | at low pitch | in the low register | in a bass tone | deep and low | in chest
                voice | with the voice lowered in pitch | rumbling | on a low note | in a lower tone | sonorous and
                deep | in the lowest notes | deep down in the throat | lower in tone | a few tones lower |
                sounding deeper than usual | in low notes"""
            ),
            split_words(
                """in a high pitch | higher than usual | with a raised pitch | high-pitched | shrill | high in pitch
                | at high pitch | in the high register | squeaking | squealing | piping | in head voice | in a
                treble | with the voice raised in pitch | on a high note | in a higher tone | shrieking | like a
                little child | higher in tone | a few tones higher | sounding higher than usual | in high notes |
                reedy and high | up in the treble | in a tiny high tone"""
            ),
        ),
    ),
    (
        "range",
        0.33,
        (
            split_words(
                """monotone | flat | monotonous | without melody | droning | toneless | in a monotonous way | all on
                the same note | unvarying | without any ups and downs | robotic | reading like a list | wooden |
                lifeless | tedious | with no inflection | flat as a board | uninflected | humdrum | bored and flat
                | like a computer | mechanical | emotionless and even | with hardly any melody"""
            ),
            split_words(
                """lively | animated | expressive | sing-song | full of melody | dramatic | melodious | with great
                inflection | vivid | varied in pitch | with rich intonation | theatrically | full of life | lilting
                | swooping up and down | spirited | colourful | musical | with sweeping melody | as if reading to
                children | hamming it up | with strong accents | vivacious"""
            ),
        ),
    ),
    (
        "tilt",
        2.2,
        (
            split_words("muffled | soft-edged | lax | dull | dampened | as through a pillow"),
            split_words("sharp | pressed | strained | forceful | piercing | tense | cutting | harsh"),
        ),
    ),
    (
        "breath",
        2.2,
        (
            (),
            split_words(
                """breathy | breathless | airy | sighing | with a lot of breath | gasping for air | puffing |
                breathing heavily | winded | half breath, half voice | with a breathy tone | aspirated | wheezing"""
            ),
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
