"""Which answers of which rows of the hypercall table the guest ring has seen, and which it should have."""

import re
from collections import defaultdict

from basalt import places

LISTED = places.checkout / "hypercalls" / "manual" / "answers.txt"
LINE = re.compile(r"^ *[\d.]+ answers (\S+)((?: (?:(?:status)?-?\d+|value))+)\s*$", re.M)


def logs(on):
    """Of the guests in the tree, as they last ran on this hypervisor."""
    guests = {source.stem for source in (places.checkout / "tests" / "guest").glob("*.cpp")}
    return sorted(log for log in (places.logs / "guest" / on).glob("*.log") if log.stem in guests)


def listed():
    """{(row, answer): (its name, why no test can bring it about)} of the manual."""
    rows = (line.split("\t") for line in LISTED.read_text().splitlines())
    return {(row, answer): (name, untested) for row, answer, name, untested in rows}


def seen(on):
    """{(row, answer): guests} of the last run on this hypervisor."""
    found, named = defaultdict(set), listed()
    for log in logs(on):
        for row, answers in LINE.findall(log.read_text(errors="replace")):
            for answer in answers.split():
                # What a family answers whatever the command is, is named once.
                of_family = row.partition(".")[0] + ".?", answer
                pair = (row, answer) if (row, answer) in named or of_family not in named else of_family
                found[pair].add(log.stem)
                if answer == "value":
                    found[row, "0"].add(log.stem)       # which it is, said in another way
    return found


def complaints(on):
    """A line for each answer that was named and not seen, or seen and not named."""
    named, was_seen = listed(), seen(on)
    # A value may be 0, and so not be told from plain success.
    missing = {pair for pair, (_, untested) in named.items() if pair not in was_seen and not untested and pair[1] != "value"}
    unnamed = {pair for pair in was_seen if pair not in named}
    for row, answer in sorted(missing):
        yield f"no guest was answered {answer} by {row}, which the manual names"
    for row, answer in sorted(unnamed):
        yield f"{row} answered {answer} to {', '.join(sorted(was_seen[row, answer]))}, which the manual does not name"


def shown(on):
    """(answers seen, answers that tests could see) of those that the manual names."""
    could = {pair for pair, (_, untested) in listed().items() if not untested and pair[1] != "value"}
    return len(could & set(seen(on))), len(could)
