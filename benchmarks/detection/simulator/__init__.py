"""Worlds of made-up customers whose drops are known: accounts, their people, and the days on which each was there."""

from benchmarks.detection.simulator.parameters import World
from benchmarks.detection.simulator.simulation import Simulated, simulate
from benchmarks.detection.simulator.worlds import WORLDS

__all__ = ["WORLDS", "Simulated", "World", "simulate"]
