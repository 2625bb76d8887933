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
        someone | who has told them a hundred times | whose neighbour plays the drums at midnight | after the bank
        took the money twice | give it back right now | stop doing that this instant | how dare you | get out of
        my house | I have had enough | that is the last straw | don't you lie to me | you ruined everything |
        leave me alone | as if someone had stolen their bike | arguing with the referee | whose flat was flooded
        by the man upstairs | complaining about cold food | who has been waiting on the line for two hours | whose
        brother broke the computer | protesting against the new law | threatening to call a lawyer | a customer
        who was overcharged | a father whose son came home at four | kicking the broken machine | at a rude
        cyclist | about the dent in the new car"""
    ),
    "calm": split_words(
        """as if talking a child to sleep | like a meditation guide | as on a quiet evening by the lake | taking it
        easy | listening to the rain | giving a guided relaxation | a doctor with good bedside manner | swinging
        in a hammock | rocking a baby | like a late-night radio host | drinking tea in the garden | as if there
        were all the time in the world | like a grandmother soothing a child | on the last day of a holiday |
        letting go of all tension | who is not troubled by anything | breathing deeply | sitting by the fire |
        watching the clouds go by | on a bench in the park | after a long bath | there is no rush | everything
        will be all right | just breathe in and breathe out | relax, we have time | let it all go | at the seaside
        at sunset | a nurse who comforts a patient | reading a bedtime story | a monk in his garden | in a warm
        bed on Sunday morning | fishing on a still lake | a captain on a quiet sea | stroking the cat | lying in
        the grass | talking a friend down | with all worries left behind | as if nothing could disturb them |
        listening to soft music | in an empty church | watching the snow fall"""
    ),
    "disgust": split_words(
        """as if something smelled rotten | as if biting into spoiled food | looking at something filthy | as if
        there were a hair in the soup | finding mould on the bread | stepping into something slimy | smelling old
        fish | seeing a cockroach in the kitchen | changing a very full nappy | as if the milk had gone off |
        having found a worm in the apple | at the sight of vomit | emptying a stinking bin | asked to eat insects
        | seeing someone spit on the floor | touching something sticky | cleaning a blocked drain | that smells
        awful | take that away from me | I am not eating that | this is revolting | get that thing off me | who
        had to clean the toilet | having swallowed a fly | a guest who finds a toenail in the salad | finding a
        dead rat behind the fridge | who smells the drains | sitting down on chewing gum | the meat is crawling
        with maggots | with pus on the bandage | who saw him pick his nose | the bathroom at the filling station |
        a bucket full of slime | opening a lunch box after the holidays | after drinking from the ashtray can |
        who looks at a slug on the plate | smelling sweaty socks | handling raw liver | an uncle who chews with
        his mouth open | kissing a frog | the dog was sick on the carpet | having bitten on something soft"""
    ),
    "fearful": split_words(
        """as if someone were following them | hiding from a monster | alone in the dark | begging for help | as if
        in great danger | hearing footsteps behind them | lost in the woods at night | who heard a noise in the
        cellar | waiting for bad news from the doctor | standing on the edge of a cliff | facing a huge dog | as
        the plane starts to fall | in a haunted house | who has seen something terrible coming | running away from
        danger | being threatened with a knife | calling the emergency number | who is afraid to open the door |
        just before a dangerous operation | please don't hurt me | somebody is out there | don't leave me alone |
        I think it is coming closer | we are going to die | did you hear that | the lights just went out | stuck
        in a lift | with a spider on the arm | who is being watched | crossing a rope bridge | before the jump |
        on a sinking ship | in an earthquake | who found the door open | at the dentist | facing the firing squad
        | waiting in the operating room | in the middle of a storm at sea | chased by dogs | a witness who has
        been threatened | a child who had a bad dream | walking through a graveyard at midnight | who cannot swim
        | when the brakes fail"""
    ),
    "happy": split_words(
        """as if it were their birthday | having won a prize | greeting an old friend | celebrating | telling
        wonderful news | in love with life | on the first day of the holidays | hearing that the baby is well |
        dancing in the sunshine | whose team has just won | opening a letter of acceptance | at a wedding | seeing
        the children again | as if the sun had come out | who got the job | sharing a joke | wishing everyone a
        merry Christmas | welcoming the guests | who has fallen in love | with the best news ever | what a lovely
        day | I did it | that is the best present ever | I am so glad you are here | hooray | this is wonderful |
        I love it | coming home after years | passing the exam | who becomes a grandfather | at the fair with the
        children | whose daughter was born this morning | blowing out the candles | singing in the shower |
        splashing in the pool | opening the champagne | at a reunion | playing with puppies | as the band starts
        to play | whose operation went well | skipping down the street | first snow and a sledge | at the sight of
        the sea | thanking everybody for the flowers"""
    ),
    "sad": split_words(
        """as if at a funeral | having lost a friend | on the verge of tears | saying goodbye forever | mourning |
        choking back tears | whose dog has died | looking at pictures of someone who is gone | after a break-up |
        left alone on their birthday | visiting a grave | having lost everything | who failed the exam | leaving
        home for good | remembering someone they miss | in a lonely flat | with tears running down the face | who
        has given up | telling someone that a friend died | whose dreams have come to nothing | I miss him so much
        | she is never coming back | it is over | I have nobody left | why did it have to end | I should have said
        goodbye | everything is lost | left behind at the station | selling the house they grew up in | at the
        bedside of a dying friend | whose cat was run over | reading an old love letter | who lost the baby |
        eating alone at Christmas | whose child has moved away | after losing the job | who was not invited |
        standing in the rain at the cemetery | packing up her things | whose only friend moved away | in the
        waiting room of a hospice | who has been forgotten | when the last guest has gone | whose marriage has
        failed | having buried a brother"""
    ),
    "surprised": split_words(
        """as if they could not believe their eyes | opening an unexpected present | who did not see that coming | as
        if a ghost had walked in | finding a lion in the bathroom | who has just won the lottery without playing |
        meeting a school friend on the other side of the world | seeing snow in July | at a surprise party |
        hearing something quite unexpected | as if the floor had opened | who thought the house was empty | when
        the magician makes the card vanish | looking at an enormous bill | saying oh really | wait, what | who can
        hardly believe what happened | I can't believe it | you did what | is that really you | oh my goodness |
        where did that come from | that can't be true | what are you doing here | since when | whoever would have
        thought so | who finds a stranger in the kitchen | whose horse came in first at a hundred to one | as the
        statue begins to move | when the cat answers | finding money in an old coat | who opens the door and sees
        the whole family | who looks into the box and finds it empty | whose name is called out | hearing their
        own voice on the radio | who learns that she is a twin | a fish falls from the sky | waking up in another
        town | the bill is only one penny | who runs into the teacher abroad | as the lights go on and everybody
        shouts | who sees the price has doubled"""
    ),
    "neutral": split_words(
        """reading the weather report | reading out a list | like an announcement at a station | reading a manual |
        reading a telephone number | stating the time and the date | dictating a letter | giving directions |
        reading out the minutes | a voice on a navigation system | listing ingredients | a clerk at a counter |
        reading a textbook | explaining how to fill in a form | an audio guide in a museum | reciting opening
        hours | stating the facts | on the answering machine | reading the small print | a flight attendant with
        the usual announcement | reading out the bus timetable | the speaking voice of a lift | reading a recipe |
        naming the stations of the line | a witness stating the facts | reading the stock list | spelling a name |
        a lecturer in the middle of a lecture | a radio announcer between two pieces | reading an encyclopaedia |
        taking stock | reading out measurements | an operator who connects a call | a museum guide on the tenth
        tour of the day | explaining a table | reading the rules of a game | recording a test sentence | a
        subtitle read aloud | checking in a guest | reading back an order | reading a contract | listing the items
        on the agenda"""
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
