"""Studies: a run is one training and its scores, a study is many, and a store keeps them.

`grid` lists runs, `run` does what is missing of them, `collect` and `summarise` make a table of them; `reproduce` does
the paper's. The course's own studies are `stored`.
"""

from cdae_lessons.studies.cluster import connect
from cdae_lessons.studies.configuration import Configuration, grid, rivals
from cdae_lessons.studies.figures import cost, heat_map, sample_size
from cdae_lessons.studies.measuring import measure
from cdae_lessons.studies.paper import reproduce
from cdae_lessons.studies.running import run
from cdae_lessons.studies.searching import compare, search
from cdae_lessons.studies.spec import read
from cdae_lessons.studies.summary import collect, stored, summarise

__all__ = [
    "Configuration",
    "collect",
    "compare",
    "connect",
    "cost",
    "grid",
    "heat_map",
    "measure",
    "read",
    "reproduce",
    "rivals",
    "run",
    "sample_size",
    "search",
    "stored",
    "summarise",
]
