"""Who asks, and for what: every request is bound to its key's workspace before anything is read."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import once
from api.metrics import Metrics
from api.models.common import Paged
from api.playbooks import PlaybooksFile
from api.problems import ForbiddenError, TooManyError, UnauthenticatedError
from api.settings import Settings
from schemas.clock import Clock
from schemas.database.sessions import Database
from schemas.errors import UnavailableError
from schemas.keyreading import KeyReader
from schemas.keyring import Keyring
from schemas.keys import Key, Scope
from schemas.playbooks import Playbook
from schemas.rates import Rates

_bearer = HTTPBearer(auto_error=False, description="A key of `ebbtide key` or `POST /v1/keys`: `ebb_…`")


class Services:
    """What the process holds: settings, clock, database, keys, metrics. One is made in `create_app`."""

    def __init__(self, settings: Settings, clock: Clock, database: Database, keys: KeyReader, metrics: Metrics) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.keys = keys
        self.metrics = metrics
        self.playbooks = PlaybooksFile(settings.api_playbooks)
        self._rates = Rates(settings.api_key_requests_per_second)

    def charge(self, key: Key) -> None:
        """Counts a request of that key. Raises a TooManyError where it asked for more than it may."""
        now = time.monotonic()
        if wait := self._rates.wait(key, now):
            self.metrics.limited.labels(key.id).inc()
            raise TooManyError(wait)
        self._rates.take(key, 1, now)


class Tenant:
    """A workspace as one key may see it: its number, and transactions. `wish`: what is to be carried out once."""

    def __init__(self, key: Key, services: Services, wish: once.Wish | None = None) -> None:
        services.charge(key)
        self.workspace = key.workspace
        self.key = key
        self._services = services
        self._wish = wish

    @property
    def now(self) -> datetime:
        """The moment of this request."""
        return self._services.clock.datetime()

    @property
    def playbooks(self) -> Mapping[str, Playbook]:
        """What to do about each kind of alert."""
        return self._services.playbooks.current()

    @contextmanager
    def reading(self) -> Iterator[tuple[Any, int]]:
        """A read-only transaction that sees the workspace's rows only, and the workspace's number."""
        with self._services.database.reading(self.workspace) as connection:
            yield connection, self.workspace

    @contextmanager
    def writing(self, *, beyond: bool = False) -> Iterator[tuple[Any, int]]:
        """A transaction that reaches the workspace's rows only (or `beyond` them), and the workspace's number."""
        with self._services.database.writing(None if beyond else self.workspace) as connection:
            wish, self._wish = self._wish, None  # noted with the first write; those after it belong to it
            if wish is not None:
                once.begin(connection, self.workspace, wish)
            yield connection, self.workspace


def services_of(request: Request) -> Services:
    """What the process holds."""
    found: Services = request.app.state.services
    return found


def known(keys: KeyReader, secret: str) -> Key | None:
    """The valid key of that secret; for an unknown one the keys are read once more, since it may be new."""
    found = current(keys).find(secret)
    if found is None:
        keys.catch_up()
        found = current(keys).find(secret)
    return found


def current(keys: KeyReader) -> Keyring:
    """The keys, as true as we promise. Raises an UnavailableError where they can't be read: a key may be revoked."""
    if not keys.fresh:
        keys.catch_up()
    if not keys.fresh:
        raise UnavailableError("Nobody can say now whether this key is valid: the keys can't be read. Ask again.")
    return keys.ring


def _with(scope: Scope) -> Callable[..., Tenant]:
    def tenant(
        request: Request,
        services: Annotated[Services, Depends(services_of)],
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Tenant:
        if credentials is None:
            raise UnauthenticatedError("Send your key: `Authorization: Bearer ebb_…`.")
        key = known(services.keys, credentials.credentials)
        if key is None:
            raise UnauthenticatedError("This key is not valid: it was revoked, or never was one.")
        if scope not in key.scopes:
            raise ForbiddenError(f"This key may not do that: it lacks the scope `{scope}`.")
        request.state.workspace = key.workspace
        return Tenant(key, services, getattr(request.state, "wish", None))

    return tenant


Reader = Annotated[Tenant, Depends(_with(Scope.READ))]
Admin = Annotated[Tenant, Depends(_with(Scope.ADMIN))]


def _once(scope: Scope) -> Callable[..., Tenant]:
    def writer(
        tenant: Annotated[Tenant, Depends(_with(scope))],
        idempotency_key: Annotated[  # noqa: ARG001 - api.once heeds it; here it is described
            str | None, Header(max_length=200, description="sent twice within 48 hours, it is carried out once")
        ] = None,
    ) -> Tenant:
        return tenant

    return writer


Writer = Annotated[Tenant, Depends(_once(Scope.MANAGE))]
AdminWriter = Annotated[Tenant, Depends(_once(Scope.ADMIN))]
Held = Annotated[Services, Depends(services_of)]
Paging = Annotated[Paged, Query()]
InPath = Annotated[str, Path(min_length=1, max_length=256)]
