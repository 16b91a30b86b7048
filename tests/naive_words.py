"""The words of the slow twin: Philox in whole numbers, and the address page of the stream."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

M32 = 0xFFFFFFFF
HIRED = 2**19  # the number of the first seat that is filled after day 0
FAMILY = {
    "skill": 0, "market": 1, "activity": 2, "policy": 3, "entry": 4, "opportunity": 5,
    "windfall": 6, "assist": 7, "parameter": 8, "team": 9, "logged": 10, "past entry": 11,
    "past opportunity": 12,
}  # fmt: skip


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in whole numbers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & M32, (a >> 32) ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def name_hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def short_hash(name: str) -> int:
    return 1 + name_hash(name) % 0xFFFF


@lru_cache(maxsize=1_000)
def key_of(seed: int, spawn_key: tuple[int, ...]) -> list[int]:
    sequence = np.random.SeedSequence(seed, spawn_key=spawn_key)
    return [int(word) for word in sequence.generate_state(2)]


@dataclass(frozen=True)
class Luck:
    """The words of one draw, one hire in one seat, and one source, by address."""

    seed: int
    draw: int
    segment: str = "rep"
    seat: int = 0
    hire: int = 0
    source: str = "activity"
    anew: tuple[tuple[str, int | None], ...] = ()  # family and position (None: all) drawn anew

    def word(self, key, family, time=0, index=0, position=0, name=0):
        names = {"world": (), "rep": (self.segment,), "source": (self.segment, self.source)}[key]
        spawn_key = [name_hash(n) for n in names]
        plain = family.removeprefix("past ")
        if (plain, None) in self.anew or (plain, position) in self.anew:
            spawn_key = [1, *spawn_key]
        block, lane = divmod(position, 4)
        who = 0 if key == "world" else self.seat | self.hire << 20
        counter = [self.draw, who, time << 18 | index, FAMILY[family] | block << 8 | name << 16]
        return philox(counter, key_of(self.seed, tuple(spawn_key)))[lane]

    def u(self, *args, **kwargs):
        return (self.word(*args, **kwargs) + 0.5) / 2**32

    def timed(self, key, family, time, name=0):
        group, lane = divmod(time + 8192, 4)
        return self.u(key, family, time=group, position=lane, name=name)


def anew_of(plan, redraw) -> tuple[tuple[str, int | None], ...]:
    """What a purpose draws anew, by family and position."""
    n = len(plan.stages)
    words = {
        "parameter": [("parameter", None)],
        "team": [("team", None), ("opportunity", 2 * n + 3)],
        "skill": [("skill", None)],
        "market": [("market", None)],
        "activity": [("activity", None), ("policy", None)],
        "entry": [("entry", None)],
        "assist": [("assist", None)],
        "delay": [("opportunity", p) for p in (0, *range(2, 2 * n - 1, 2), 2 * n + 2)],
        "size": [("opportunity", 2 * n - 1), ("opportunity", 2 * n + 1)],
        "whale": [("opportunity", 2 * n)],
        "windfall": [("windfall", None)],
    }
    for s, stage in enumerate(plan.stages):
        words[f"outcome.{stage.name}"] = [("opportunity", 2 * s - 1)]
    return tuple(word for purpose in redraw for word in words[purpose])


@dataclass(frozen=True)
class Place:
    """The words of one opportunity."""

    luck: Luck
    week: int
    index: int
    family: str  # "opportunity" or "past opportunity"

    def word(self, position: int) -> int:
        return self.luck.word("source", self.family, self.week + 8192, self.index, position)

    def u(self, position: int) -> float:
        return (self.word(position) + 0.5) / 2**32

    def logged(self, kpi: str) -> float:
        name = short_hash(kpi)
        return self.luck.u("source", "logged", self.week + 8192, self.index, name=name)

    def assist(self, assist: str) -> float:
        name, position = short_hash(assist), 4 if self.family == "past opportunity" else 0
        return self.luck.u("source", "assist", self.week + 8192, self.index, position, name)
