"""Segments' figures, by blocks of a thousand accounts."""

from sqlalchemy import Column, Index, Integer, Numeric, SmallInteger, Table, Text

from schemas.database.tables.base import metadata, workspace_key

segment_figures = Table(
    "segment_figures",
    metadata,
    workspace_key(),
    Column("block", Integer, primary_key=True),  # an account's number / 1000
    Column("dimension", SmallInteger, primary_key=True),  # its place in schemas.segments.DIMENSIONS; -1: everyone
    Column("band", Text, primary_key=True),
    Column("accounts", Integer, nullable=False),
    Column("arr", Numeric, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("judged_arr", Numeric, nullable=False),
)

# Blocks that are to be counted again; triggers on accounts and coverage write them.
segment_marks = Table(
    "segment_marks",
    metadata,
    Column("workspace", Integer, nullable=False),
    Column("block", Integer, nullable=False),
    Index("segment_marks_of_workspace", "workspace"),
)
