"""List every scenario and every bound of the modules that define some."""

from __future__ import annotations

from bench import cost, footprint, loads, page
from bench.setup import Bound, Scenario

MODULES = (loads, cost, footprint, page)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for module in MODULES for scenario in module.SCENARIOS}
BOUNDS: list[Bound] = [bound for module in MODULES for bound in module.BOUNDS]
