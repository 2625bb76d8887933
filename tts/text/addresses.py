"""URLs, e-mail addresses, hashtags and handles as they are dictated."""

from __future__ import annotations

import re

from tts.text.initialisms import spell

_URL = re.compile(
    r"(?<![\w@.])(?:https?://|ftp://)?((?:www\.)?(?:[A-Za-z0-9-]{1,63}\.){1,6}"
    r"(?:com|org|net|edu|gov|mil|int|io|ai|co|uk|us|ca|de|fr|info|biz|dev|app|me|tv|eu|xyz|ly|gg)\b(?![A-Za-z0-9-]))"
    r"((?::\d{1,5})?(?:[/?#][^\s\"'<>()]{0,2000})?)"
)
_LINK = re.compile(r"(?:https?|ftp)://([^\s\"'<>()]{1,2000})")
_EMAIL = re.compile(r"(?<![\w.+-])([A-Za-z0-9._%+-]{1,64})@((?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24})\b")
_FILE = re.compile(
    r"(?<=[A-Za-z0-9_])\.(js|ts|py|txt|html?|css|json|csv|jpe?g|png|gif|pdf|md|zip|exe|docx?|xlsx?|mp[34]|wav)\b"
)
_SPELLED = re.compile(r"\b(?:[b-df-hj-np-tv-xz]{2,5}|uk|us|io|ai|eu|app?s?i|ae|au)\b", re.I)  # no vowel: html, www
_HASHTAG = re.compile(r"(?<![\w&])#([A-Za-z_]\w{0,139})")
_HANDLE = re.compile(r"(?<![\w@])@([A-Za-z_]\w{0,49})")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_URL_SIGNS = {
    ".": " dot ", "/": " slash ", "-": " dash ", "_": " underscore ", "?": " question mark ", "=": " equals ",
    "&": " and ", "#": " hash ", ":": " colon ", "@": " at ", "%": " percent ", "+": " plus ", "~": " tilde ",
    ",": " comma ",
}  # fmt: skip


def _address(text: str) -> str:
    words = "".join(_URL_SIGNS.get(char, char if char.isalnum() else " ") for char in text)
    words = _SPELLED.sub(lambda match: spell(match[0]), words)
    return re.sub(r"\d{5,}", lambda match: " ".join(match[0]), " ".join(words.split()))


def _url(match: re.Match[str]) -> str:
    path = match[2]
    tail = path[len(path.rstrip(".,;:!?")) :]
    path = path[: len(path) - len(tail)].rstrip("/")
    return f"{_address(match[1] + path)}{tail}"


def read_addresses(text: str) -> str:
    """URLs, e-mail addresses, hashtags and handles as they are dictated."""
    text = _EMAIL.sub(lambda match: f"{_address(match[1])} at {_address(match[2])}", text)
    text = _URL.sub(_url, text)
    text = _LINK.sub(lambda match: _address(match[1].rstrip("/.,")), text)
    text = _FILE.sub(lambda match: f" dot {_address(match[1])}", text)
    text = _HASHTAG.sub(lambda match: "hashtag " + _CAMEL.sub(" ", match[1]).replace("_", " "), text)
    return _HANDLE.sub(lambda match: "at " + _CAMEL.sub(" ", match[1]).replace("_", " "), text)
