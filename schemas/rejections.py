"""A refused event: kept as it came, with its reason, on `events.rejected` and then in the table `rejected`."""

import msgspec


class Rejection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refused event. `code` is a stable word, `field` where it is, `message` what to do about it."""

    workspace: int
    index: int
    code: str
    message: str
    raw: bytes
    received: int
    field: str = ""
    message_id: str = ""
    source: str = ""
    route: str = ""
