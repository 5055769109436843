"""Counts of several sides, what each side adds to native, and what has moved since counts were accepted."""

import json
import tomllib
from dataclasses import asdict, dataclass, field

from basalt import places
from basalt.bench import rows

ACCEPTED = places.tests / "bench" / "accepted.toml"
_HEAD = "# Instructions for each operation, as tests/bench/run --accept has found them; it tells what has moved since.\n"


@dataclass
class Results:
    """What one run has found: of each side {row: count}, and why it has not what is missing: {row: reason}."""

    counts: dict = field(default_factory=dict)
    missing: dict = field(default_factory=dict)

    def add(self, side, counts, missing):
        self.counts.setdefault(side, {}).update(counts)
        if missing:
            self.missing.setdefault(side, {}).update(missing)

    def written(self):
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def read(cls, text):
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Line:
    """A row with what was counted; None where nothing was."""

    row: rows.Row
    native: float | None
    xen: float | None
    basalt: float | None

    def adds(self, side):
        count = getattr(self, side)
        return None if count is None or self.native is None else count - self.native

    @property
    def ratio(self):
        return _ratio(self.basalt, self.xen)

    @property
    def ratio_of_added(self):
        return _ratio(self.adds("basalt"), self.adds("xen"), least=20)


def _ratio(basalt, xen, least=0):
    """None where Xen's is so small that the ratio says nothing."""
    return basalt / xen if basalt is not None and xen is not None and xen > least else None


def lines(counts):
    """A line for each row that was counted somewhere."""
    for row in rows.ROWS:
        native = counts.get("native", {}).get(row.native)
        xen, basalt = (counts.get(side, {}).get(row.name) for side in ("xen", "basalt"))
        if xen is not None or basalt is not None or (native is not None and row.native == row.name):
            yield Line(row, native, xen, basalt)


def accepted(file=ACCEPTED):
    return tomllib.loads(file.read_text()) if file.exists() else {}


def accept(counts, file=ACCEPTED):
    """Puts the counts in place of what was accepted of the same rows."""
    both = accepted(file)
    for side, found in counts.items():
        both.setdefault(side, {}).update(found)
    known = [row.name for row in rows.ROWS]
    text = _HEAD
    for side in ("native", "xen", "basalt"):
        text += f"\n[{side}]\n"
        text += "".join(f"{name} = {both[side][name]:.1f}\n" for name in known if name in both.get(side, {}))
    file.write_text(text)


@dataclass(frozen=True)
class Move:
    side: str
    row: rows.Row
    before: float
    now: float

    @property
    def part(self):
        return self.now / self.before - 1 if self.before else 0.0

    @property
    def noise(self):
        return max(self.row.noise, self.row.noise_on_xen if self.side == "xen" else 0)


def moves(counts, before):
    """What differs by more than the row's noise from what was accepted, the largest first."""
    found = [Move(side, row, before[side][row.name], now[row.name])
             for side, now in counts.items() for row in rows.ROWS
             if row.name in now and row.name in before.get(side, {})]
    found = [move for move in found if abs(move.part) > move.noise and abs(move.now - move.before) >= 1]
    return sorted(found, key=lambda move: -abs(move.part))
