"""Which agents will be free when a call dialed now is answered.

One row of chances for each phase and elapsed time, made every few seconds; a decision then only
looks its agents up.
"""

from typing import Final

import numpy as np

from pacing.distributions import Floats
from pacing.floor import TALKING, WRAP_UP, Agent
from pacing.hazards import BIN_OF_SECOND, BINS, EDGES
from pacing.risk import cumulants

_STEP_S: Final = 1.0
_MIDDLE: Final = (EDGES[:-1] + EDGES[1:]) / 2
_SECONDS: Final = BIN_OF_SECOND.size
_LAST_SECOND: Final = _SECONDS - 1
_TALK_ROW: Final = 1  # row 0 is nobody: no chance of being free
_WRAP_ROW: Final = 1 + BINS
ROWS: Final = 1 + 2 * BINS
# Rows by second of a phase, one phase behind the other: none, talk, wrap-up.
_ROW_OF: Final = np.concatenate((0 * BIN_OF_SECOND, _TALK_ROW + BIN_OF_SECOND, _WRAP_ROW + BIN_OF_SECOND))
_NOT_BUSY: Final = 0
_TALK: Final = _SECONDS
_WRAP_UP: Final = 2 * _SECONDS


class AgentBoard:
    """Phase and start of each agent, in arrays that a decision reads at once."""

    def __init__(self) -> None:
        self.start = np.zeros(16)
        self.phase = np.zeros(16, dtype=np.int64)  # where it begins in _ROW_OF
        self.counted = np.zeros(16, dtype=np.int64)  # rows of a table as last summed
        self.moved: set[int] = set()  # places that changed since
        self.place: dict[str, int] = {}
        self.free_places = list(range(15, -1, -1))
        self.used = 0

    def put(self, agent: Agent, phase: str | None, at: float) -> None:
        """``agent`` is in ``phase`` since ``at``; None or leaving takes them off."""
        if phase is None:
            place = self.place.pop(agent.id, None)
            if place is not None:
                self.phase[place] = _NOT_BUSY
                self.moved.add(place)
                self.free_places.append(place)
            return
        place = self.place.get(agent.id)
        if place is None:
            place = self._new_place(agent.id)
        busy = _TALK if phase == TALKING else _WRAP_UP if phase == WRAP_UP else _NOT_BUSY
        self.phase[place] = _NOT_BUSY if agent.leaving else busy
        self.start[place] = agent.since if phase == agent.phase else at
        self.moved.add(place)

    def _new_place(self, agent_id: str) -> int:
        if not self.free_places:
            size = self.start.size
            self.start = np.concatenate((self.start, np.zeros(size)))
            self.phase = np.concatenate((self.phase, np.zeros(size, dtype=np.int64)))
            self.counted = np.concatenate((self.counted, np.zeros(size, dtype=np.int64)))
            self.free_places = list(range(2 * size - 1, size - 1, -1))
        place = self.place[agent_id] = self.free_places.pop()
        self.used = max(self.used, place + 1)
        return place

    def elapsed_s(self, phase: str, now: float) -> Floats:
        """Elapsed times of the agents in ``phase``."""
        wanted = _TALK if phase == TALKING else _WRAP_UP
        chosen = self.phase[: self.used] == wanted
        elapsed: Floats = now - self.start[: self.used][chosen]
        return elapsed

    def rows(self, now: float) -> np.ndarray:
        """Each agent's row in a supply table; 0 for those who are not busy."""
        seconds = np.minimum(now - self.start[: self.used], _LAST_SECOND).astype(np.int64)
        rows: np.ndarray = _ROW_OF[self.phase[: self.used] + seconds]
        return rows

    def total(self, table: Floats, now: float) -> Floats:
        """Sum of all agents' lines of ``table``, whose line 0 is zero."""
        rows = self.rows(now)
        self.counted[: self.used] = rows
        self.moved.clear()
        total: Floats = np.add.reduce(table.take(rows, axis=0))
        return total

    def add_moved(self, total: Floats, table: Floats) -> None:
        """Bring ``total`` up to date for those who changed since, just now as good as theirs."""
        for place in self.moved:
            row = _ROW_OF[self.phase[place]]
            total += table[row] - table[self.counted[place]]
            self.counted[place] = row
        self.moved.clear()


class SupplyTable:
    """Chance of being free by each horizon, by phase and elapsed time."""

    def __init__(self) -> None:
        self.free = np.zeros((ROWS, 1))
        self.sums = np.zeros((ROWS, 1))

    def refresh(self, talk: Floats, wrap_up: Floats, horizons_s: Floats) -> None:
        """From hazards per second of both phases, level included; horizons with patience."""
        steps = int(np.ceil(float(horizons_s.max()) / _STEP_S)) + 1
        ends = np.arange(steps + 1) * _STEP_S
        wrap_cdf = _conditional_cdf(wrap_up, steps)
        talk_cdf = _conditional_cdf(talk, steps)
        ended = np.diff(talk_cdf, axis=1)
        after = horizons_s[None, :] - (ends[:-1, None] + _STEP_S / 2)
        wrapped = np.interp(after, ends, wrap_cdf[0], left=0.0)
        free = np.zeros((ROWS, horizons_s.size))
        free[_TALK_ROW:_WRAP_ROW] = ended @ wrapped
        below = np.minimum((horizons_s / _STEP_S).astype(int), steps - 1)
        share = horizons_s / _STEP_S - below
        free[_WRAP_ROW:] = wrap_cdf[:, below] * (1 - share) + wrap_cdf[:, below + 1] * share
        self.free = np.minimum(free, 0.999999)
        # What a decision sums: cumulants at the nodes, and the chance at the last horizon as it is.
        self.sums = np.concatenate((cumulants(self.free[:, :-1]), self.free[:, -1:]), axis=1)


def _index_table(steps: int) -> np.ndarray:
    seconds = _MIDDLE[:, None] + (np.arange(steps) + 0.5) * _STEP_S
    first = EDGES[:-1, None] + (np.arange(steps) + 0.5) * _STEP_S
    seconds = np.where(EDGES[:-1, None] < 30, first, seconds)
    table: np.ndarray = BIN_OF_SECOND[np.minimum(seconds, _LAST_SECOND).astype(int)]
    return table


_INDEX_TABLES: dict[int, np.ndarray] = {}  # few sizes occur: one for each longest horizon


def _conditional_cdf(hazard: Floats, steps: int) -> Floats:
    """P(ended within j steps | elapsed), one line per elapsed bin, j = 0..steps."""
    if steps not in _INDEX_TABLES:
        _INDEX_TABLES[steps] = _index_table(steps)
    summed = np.cumsum(hazard[_INDEX_TABLES[steps]] * _STEP_S, axis=1)
    cdf = np.zeros((BINS, steps + 1))
    cdf[:, 1:] = -np.expm1(-summed)
    return cdf
