"""The usual rules, one a file: each a score by account and day, with the settings it is tuned over."""

from benchmarks.detection.peers.bocpd import BOCPD
from benchmarks.detection.peers.ewma import EWMA
from benchmarks.detection.peers.span_over_span import FOUR_WEEKS, WEEK

PEERS = (WEEK, FOUR_WEEKS, EWMA, BOCPD)
