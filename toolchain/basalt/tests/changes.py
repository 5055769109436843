"""What a deliberate fault changes: texts that are found in the tree however it is laid out, and what they become."""

import functools
import re
from dataclasses import dataclass
from textwrap import dedent, shorten

from basalt import places
from basalt.progress import Trouble

ROOMS = ("boot", "dom0", "hypercalls", "hypervisor", "toolchain")
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    file: str       # its name, after as many folders as make it the only one
    place: str      # after which the first occurrence is meant; empty where there is only one
    there: str
    becomes: str


def changes_in(text):
    """Those that a text tells, each after a line `In: FILE`."""
    _, *parts = re.split(r"^In: (.+)$", text, flags=re.M)
    return tuple(_change(file.strip(), body) for file, body in zip(parts[::2], parts[1::2]))


def _change(file, body):
    place, there, becomes = [], [], []
    kinds = {"@ ": [place], "  ": [there, becomes], "- ": [there], "+ ": [becomes]}
    for line in filter(str.strip, body.splitlines()):
        if line[:2] not in kinds:
            raise Trouble(f"a line of a change begins with `@ `, `- `, `+ ` or two spaces, not like `{line}`")
        for lines in kinds[line[:2]]:
            lines.append(line[2:])
    if not _TOKEN.search("".join(there)):
        raise Trouble(f"the change in {file} does not say what is there")
    if there == becomes:
        raise Trouble(f"the change in {file} changes nothing")
    return Change(file, *(dedent("\n".join(lines)) for lines in (place, there, becomes)))


def _pattern(text):
    """Finds the same words and signs, with any space between them: two words need some."""
    tokens = _TOKEN.findall(text)
    parts = [re.escape(tokens[0])]
    for before, token in zip(tokens, tokens[1:]):
        parts += [r"\s+" if _is_word(before[-1]) and _is_word(token[0]) else r"\s*", re.escape(token)]
    ends = [r"\b" if _is_word(token) else "" for token in (tokens[0], tokens[-1])]
    return re.compile("".join(parts).join(ends))


def _is_word(text):
    return re.match(r"\w", text) is not None


def _only(text, wanted):
    found = list(_pattern(wanted).finditer(text))
    if not found:
        raise Trouble(f"nothing is like {_shown(wanted)}")
    if len(found) > 1:
        lines = ", ".join(str(text.count("\n", 0, one.start()) + 1) for one in found)
        raise Trouble(f"{len(found)} places are like {_shown(wanted)}: lines {lines}")
    return found[0]


def _found(text, change):
    if not change.place:
        return _only(text, change.there)
    place = _only(text, change.place)
    found = _pattern(change.there).search(text, place.end())
    if not found:
        raise Trouble(f"nothing after {_shown(change.place)} is like {_shown(change.there)}")
    return found


def _shown(text):
    return f"`{shorten(text, 90, placeholder=' ...')}`"


def changed(text, change):
    """The text of a file with the change made."""
    found = _found(text, change)
    before, after = text[:found.start()], text[found.end():]
    line = before[before.rfind("\n") + 1:]
    margin = line[:len(line) - len(line.lstrip())]
    becomes = change.becomes.replace("\n", f"\n{margin}")       # Python's blocks need it
    return _joined(_joined(before, becomes), after)


def _joined(left, right):
    """No two words, and no two signs, become one where they meet, as they would not in another layout."""
    ends = left[-1:] + right[:1]
    meet = len(ends) == 2 and not re.search(r"\s", ends) and _is_word(ends[0]) == _is_word(ends[1])
    return f"{left} {right}" if meet else left + right


def file_named(name, among):
    """The one whose path ends so."""
    found = [path for path in among if f"/{path}".endswith(f"/{name}")]
    if not found:
        raise Trouble(f"no file is named {name}")
    if len(found) > 1:
        raise Trouble(f"{len(found)} files are named {name}: {', '.join(found)}")
    return found[0]


@functools.cache
def _files():
    return sorted(path.relative_to(places.checkout).as_posix() for room in ROOMS for path in (places.checkout / room).rglob("*"))


def texts_of(changes):
    """{file: (its text, what it becomes)}"""
    texts = {}
    for change in changes:
        name = file_named(change.file, _files())
        file = places.checkout / name
        before, now = texts.get(file) or [file.read_text()] * 2
        try:
            texts[file] = before, changed(now, change)
        except Trouble as trouble:
            raise Trouble(f"{name}: {trouble}") from None
    return texts
