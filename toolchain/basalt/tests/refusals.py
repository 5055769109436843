"""Whether the compiler refuses what tests/refused says it must: lines that end in `// refused: WORDS`."""

import json
import re
import shlex
import subprocess

from basalt import places

FOLDER = places.tests / "refused"
_MARK = re.compile(r"// refused: (.+)$")
_ERROR = re.compile(r"^\S+:\d+:\d+: (?:fatal )?error: ")


def cases_in(text):
    """{line number: words that the compiler says of it}"""
    return {number: found[1] for number, line in enumerate(text.splitlines(), 1) if (found := _MARK.search(line))}


def without(text, numbers):
    """The text with these lines empty, so that the others keep their numbers."""
    return "".join("\n" if number in numbers else f"{line}\n" for number, line in enumerate(text.splitlines(), 1))


def errors_of(said):
    """[(message, numbers of the lines of the file that it and its notes point to)] of each error the compiler told."""
    blocks = []
    for line in said.splitlines():
        if _ERROR.match(line):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return [(block[0], {int(found[1]) for line in block if (found := re.match(r"<stdin>:(\d+):", line))}) for block in blocks]


def judged(cases, control, said):
    """What is wrong, a line each, with what the compiler said of the file without its cases, and with them."""
    if control:
        return [f"it does not compile without its cases: {control[0][0]}"]
    wrong = [f"line {number} compiles" for number in cases if not any(number in lines for _, lines in said)]
    for number, words in cases.items():
        about = [message for message, lines in said if number in lines]
        if about and not any(words in message for message in about):
            wrong.append(f"line {number} is refused by other words: {about[0]}")
    return wrong + [f"an error of no case: {message}" for message, lines in said if not lines & cases.keys()]


def _command_of(file, folder):
    """How CMake would compile the file, as far as looking for errors."""
    noted = json.loads((folder / "compile_commands.json").read_text())
    words = shlex.split(next(each["command"] for each in noted if each["file"] == str(file)))
    del words[words.index("-o"):]
    # What only the cases use is not used without them.
    unused = [f"-Wno-unused-{what}" for what in ("parameter", "variable", "function")]
    return [*words, *unused, "-fsyntax-only", "-ferror-limit=0", "-fno-color-diagnostics", "-x", "c++", "-"]


def _compiled(text, command, folder):
    ran = subprocess.run(command, cwd=folder, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    errors = errors_of(ran.stdout)
    return errors if errors or ran.returncode == 0 else [(ran.stdout.strip(), set())]


def look(file, folder):
    """(number of cases, what is wrong) of one file; `folder` is where its preset is configured."""
    text = file.read_text()
    cases = cases_in(text)
    if not cases:
        return 0, ["it has no case"]
    command = _command_of(file, folder)
    return len(cases), judged(cases, _compiled(without(text, cases), command, folder), _compiled(text, command, folder))
