"""Every error of ours, as one tree.

EbbtideError                the root; its text is written for the person who reads it
├── SettingsError           a setting is missing or wrong
├── DecodeError             a record on a topic can't be read; it is quarantined with this reason
├── DefinitionError         a behavior, rule or segment is defined wrongly
├── NotFoundError           what was asked for is not there (404)
├── ConflictError           what was sent contradicts what is stored (409)
├── ChangedError            somebody changed it since it was read (412)
├── UnavailableError        a part we need does not answer; retry later (503)
└── FencedError             another worker moved this partition on; what was about to be written was not
"""


class EbbtideError(Exception):
    """The root of every error of ours."""


class SettingsError(EbbtideError):
    """A setting is missing or wrong."""


class DecodeError(EbbtideError):
    """A record on a topic can't be read."""


class DefinitionError(EbbtideError):
    """A behavior, rule or segment is defined wrongly."""


class NotFoundError(EbbtideError):
    """What was asked for is not there."""


class ConflictError(EbbtideError):
    """What was sent contradicts what is stored."""


class ChangedError(EbbtideError):
    """Somebody changed it since it was read."""


class UnavailableError(EbbtideError):
    """A part we need does not answer; nothing was kept, and trying again later is right."""


class FencedError(EbbtideError):
    """Another worker has moved this partition on; nothing of this transaction was kept."""
