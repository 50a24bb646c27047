"""How early and how falsely drop-offs are found: simulated worlds, the usual rules, the scorer, and real histories."""
