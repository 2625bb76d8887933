"""Voices of real people: speak like a recording, learn a voice from ten minutes, measure how near it comes.

The consent rule: clone a voice only when the person whose voice it is has agreed to it, and to what will be said in it.
Never use a clone to pass for somebody. Speech in a cloned voice carries an inaudible mark (``facet detect`` finds it);
``--no-watermark`` leaves it out and needs the person's consent too.
"""
