"""Every table was asked whether it can name a person: a new one fails here until somebody has answered."""

from schemas.database import erasing
from schemas.database.tables import metadata

# What is written there names accounts, keys, moments and numbers, or is hashed. Users stand in it by number, if at all.
NAMES_NOBODY = {
    "account_facts", "accounts", "behaviors", "calibrations", "checkpoints", "counted_ids", "coverage", "csms",
    "endpoints", "erased", "erasures", "evaluations", "goal_points", "goals", "identities", "imports", "keys",
    "memberships", "offsets", "old_keys", "outcomes", "path_steps", "progress", "rebuilds", "releases",
    "segment_figures", "segment_marks", "subscriptions", "tunings", "windows", "workspaces",
}  # fmt: skip
# Records on their way between partitions, as they lie on the topic; they are folded as nobody's when they are home.
PASSES_ON = {"strays"}


def test_every_table_is_erased_from_or_names_nobody() -> None:
    erased_from = {name for name in metadata.tables if getattr(erasing, name, None) is metadata.tables[name]}
    erased_from -= {"offsets", "workspaces", "erased", "erasures"}  # which erasing writes, but not for a name in them
    assert erased_from | NAMES_NOBODY | PASSES_ON == metadata.tables.keys()
    assert erased_from & NAMES_NOBODY == set()
