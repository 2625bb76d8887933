"""What :mod:`recipes.corpus.describe` says of an emotion without naming it: scenes, negations, denials of others."""

from __future__ import annotations

from recipes.corpus.vocabulary import Words, split_words

SCENES: dict[str, Words] = {
    "angry": split_words(
        """shouting at someone who cheated them | as if someone had wrecked their car | losing their temper | in the
        middle of a quarrel | telling someone off | as if insulted | as if someone had scratched their car | after
        being lied to once again | catching a thief in the act | who has been treated unfairly | slamming the door
        | after the third broken promise | demanding to see the manager | as a coach after a lazy game | calling
        the neighbours about the noise | who will not take this any longer | who found out that the money is gone
        | a driver stuck behind someone who parked badly | whose train was cancelled again | a boss about to fire
        someone"""
    ),
    "calm": split_words(
        """as if talking a child to sleep | like a meditation guide | as on a quiet evening by the lake | taking it
        easy | listening to the rain | giving a guided relaxation | a doctor with good bedside manner | swinging
        in a hammock | rocking a baby | like a late-night radio host | drinking tea in the garden | as if there
        were all the time in the world | like a grandmother soothing a child | on the last day of a holiday |
        letting go of all tension | who is not troubled by anything | breathing deeply"""
    ),
    "disgust": split_words(
        """as if something smelled rotten | as if biting into spoiled food | looking at something filthy | as if
        there were a hair in the soup | finding mould on the bread | stepping into something slimy | smelling old
        fish | seeing a cockroach in the kitchen | changing a very full nappy | as if the milk had gone off |
        having found a worm in the apple | at the sight of vomit | emptying a stinking bin | asked to eat insects
        | seeing someone spit on the floor | touching something sticky | cleaning a blocked drain"""
    ),
    "fearful": split_words(
        """as if someone were following them | hiding from a monster | alone in the dark | begging for help | as if
        in great danger | hearing footsteps behind them | lost in the woods at night | who heard a noise in the
        cellar | waiting for bad news from the doctor | standing on the edge of a cliff | facing a huge dog | as
        the plane starts to fall | in a haunted house | who has seen something terrible coming | running away from
        danger | being threatened with a knife | calling the emergency number | who is afraid to open the door |
        just before a dangerous operation"""
    ),
    "happy": split_words(
        """as if it were their birthday | having won a prize | greeting an old friend | celebrating | telling
        wonderful news | in love with life | on the first day of the holidays | hearing that the baby is well |
        dancing in the sunshine | whose team has just won | opening a letter of acceptance | at a wedding | seeing
        the children again | as if the sun had come out | who got the job | sharing a joke | wishing everyone a
        merry Christmas | welcoming the guests | who has fallen in love | with the best news ever"""
    ),
    "sad": split_words(
        """as if at a funeral | having lost a friend | on the verge of tears | saying goodbye forever | mourning |
        choking back tears | whose dog has died | looking at pictures of someone who is gone | after a break-up |
        left alone on their birthday | visiting a grave | having lost everything | who failed the exam | leaving
        home for good | remembering someone they miss | in a lonely flat | with tears running down the face | who
        has given up | telling someone that a friend died | whose dreams have come to nothing"""
    ),
    "surprised": split_words(
        """as if they could not believe their eyes | opening an unexpected present | who did not see that coming | as
        if a ghost had walked in | finding a lion in the bathroom | who has just won the lottery without playing |
        meeting a school friend on the other side of the world | seeing snow in July | at a surprise party |
        hearing something quite unexpected | as if the floor had opened | who thought the house was empty | when
        the magician makes the card vanish | looking at an enormous bill | saying oh really | wait, what | who can
        hardly believe what happened"""
    ),
    "neutral": split_words(
        """reading the weather report | reading out a list | like an announcement at a station | reading a manual |
        reading a telephone number | stating the time and the date | dictating a letter | giving directions |
        reading out the minutes | a voice on a navigation system | listing ingredients | a clerk at a counter |
        reading a textbook | explaining how to fill in a form | an audio guide in a museum | reciting opening
        hours | stating the facts"""
    ),
}
DENIALS = split_words("not {} | not {} at all | not {} in the least | never {} | by no means {} | without being {}")
OPPOSITES = {"happy": "sad", "sad": "happy", "angry": "calm", "calm": "angry", "fearful": "calm"}
NEGATIONS: dict[str, Words] = {
    "angry": split_words(
        """not amused at all | anything but calm | not friendly | not in the mood for jokes | not pleased at all | no
        longer willing to be polite | by no means friendly"""
    ),
    "calm": split_words(
        """not in a hurry and not upset | without any stress | not nervous at all | with no tension | not excited in
        the least | not worried about anything | never in a hurry"""
    ),
    "disgust": split_words(
        """not liking it one bit | cannot stand it | not impressed, repelled | not wanting to touch it | far from
        appetised | wanting none of that stuff"""
    ),
    "fearful": split_words(
        """not feeling safe | not brave at all | anything but confident | not at ease | not daring to move | no
        courage left"""
    ),
    "happy": split_words(
        """not sad at all | anything but gloomy | without a care in the world | not a worry in the world | could not
        be better | never been so glad"""
    ),
    "sad": split_words(
        """not happy at all | anything but cheerful | without hope | not able to smile | no joy left | far from happy
        | not feeling like laughing"""
    ),
    "surprised": split_words(
        """not expecting that | not prepared for this | unable to believe it | never saw it coming | not having known
        | not ready for such news"""
    ),
    "neutral": split_words(
        """neither happy nor sad | not emotional | not angry, not happy, just normal | without any feeling | showing
        no emotion | no emotion | not expressive | nothing special | neither loud nor quiet, neither glad nor sad
        | not taking sides"""
    ),
}
