"""Evaluation: reading windows, the fold over days, and reconciling its alerts with those stored."""
