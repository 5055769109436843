"""What the last guest rings on Basalt and on stock Xen showed, call by call, as one Markdown table."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from basalt.tests import answers

CASE = re.compile(r"^ *[\d.]+ (PASS|FAIL|SKIP) (.*)$", re.M)
HYPERVISORS = ("basalt", "xen")
AGREES, PROMISE, EMULATOR, UNTRIED, DISAGREES = "agrees", "Basalt's promise", "emulator's fault", "not tried", "DISAGREES"
VERDICTS = (AGREES, PROMISE, EMULATOR, UNTRIED, DISAGREES)


@dataclass
class Row:
    cases: dict = field(default_factory=lambda: defaultdict(int))     # by verdict
    remarks: list = field(default_factory=list)


def _cases(on):
    """{(guest, row, promise): (outcome, what was said of it)}; the promise is told from what follows it by both runs."""
    found = {}
    for log in answers.logs(on):
        for outcome, text in CASE.findall(log.read_text(errors="replace")):
            row, _, promise = text.partition(": ")
            found.setdefault((log.stem, row), []).append((outcome, promise))
    return found


def _verdict(mine, theirs):
    """Of one case on both: each is (outcome, promise and perhaps a reason)."""
    outcomes = mine[0], theirs[0]
    if outcomes == ("PASS", "PASS"):
        return AGREES, None
    if "SKIP" in outcomes and "FAIL" not in outcomes:
        text = mine[1] if mine[0] == "SKIP" else theirs[1]
        by_basalt_alone = PROMISE if mine[0] == "PASS" else UNTRIED
        return (EMULATOR if EMULATOR in text else by_basalt_alone), text
    return DISAGREES, mine[1] if mine[0] == "FAIL" else theirs[1]


def rows():
    """{row: Row}, cases paired in the order in which each guest runs them."""
    basalt, xen = (_cases(on) for on in HYPERVISORS)
    ran_on_xen = {log.stem for log in answers.logs("xen")}       # some guests say that they are for Basalt alone, and why
    table = defaultdict(Row)
    for (guest, name), mine in basalt.items():
        theirs = xen.get((guest, name), [])
        entry = table[name]
        for index, case in enumerate(mine):
            if index < len(theirs):
                verdict, remark = _verdict(case, theirs[index])
            else:
                verdict, remark = DISAGREES if guest in ran_on_xen else UNTRIED, f"{guest}: not run on Xen"
            entry.cases[verdict] += 1
            if remark:
                entry.remarks.append(f"{verdict}: {remark}")
    return table


def markdown():
    table = rows()
    listed = dict.fromkeys(row for row, _ in answers.listed())      # in the order of the calls' numbers
    order = [name for name in listed if name in table] + sorted(name for name in table if name not in listed)
    yield "| what | " + " | ".join(VERDICTS) + " |"
    yield "| --- |" + " --- |" * len(VERDICTS)
    for name in order:
        yield f"| {name} | " + " | ".join(str(table[name].cases[verdict] or "") for verdict in VERDICTS) + " |"
    totals = [sum(row.cases[verdict] for row in table.values()) for verdict in VERDICTS]
    yield "| **all** | " + " | ".join(f"**{total}**" for total in totals) + " |"
    yield ""
    yield "Where Basalt promises more, or an emulator is at fault:"
    yield ""
    for name in order:
        for remark in table[name].remarks:
            yield f"* {name}: {remark}"
    yield ""
    yield from _answers_of_one()


def _answers_of_one():
    """Answers that only one of the two has given."""
    named = answers.listed()
    mine, theirs = (set(answers.seen(on)) for on in HYPERVISORS)
    for title, only in (("Basalt", mine - theirs), ("stock Xen", theirs - mine)):
        yield f"Answers that only {title} has given:"
        yield ""
        for row, answer in sorted(only):
            yield f"* {row}: {named.get((row, answer), (answer, ''))[0]}"
        yield ""
