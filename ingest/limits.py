"""What is too much."""

BODY_BYTES = 10_000_000  # of one request, decompressed
BATCH_EVENTS = 2_500
EVENT_BYTES = 64 * 1024
DEPTH = 32
TEXT = 255  # characters of an id or a name
