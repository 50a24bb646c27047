"""The way to the mail server: one connection a letter, encrypted, within the same deadline as any other attempt.

The server is the operator's own (EBBTIDE_SMTP_URL): `smtp://` insists on STARTTLS, `smtps://` is TLS from the start,
`smtp+plain://` is for a relay on this machine. No endpoint can name a server.
"""

import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class Mail:
    """A mail server, and who letters are from; `url` empty: there is none."""

    def __init__(self, url: str, sender: str, trusted: ssl.SSLContext | None = None) -> None:
        self.sender = sender
        self._parts, self._trusted = urlsplit(url), trusted

    async def send(self, letter: EmailMessage) -> str:
        """Hands a letter over; the server's answer. Raises OSError, TimeoutError or aiosmtplib.SMTPException."""
        parts = self._parts
        if parts.scheme not in _PORTS or not parts.hostname:
            raise OSError("no mail server is set (EBBTIDE_SMTP_URL); the letter waits")
        user, password = parts.username, parts.password
        refused, answer = await aiosmtplib.send(
            letter,
            hostname=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(user) if user else None,
            password=unquote(password) if password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=parts.scheme == "smtp",
            tls_context=self._trusted,
        )
        return f"{answer}; refused: {', '.join(refused)}" if refused else answer
