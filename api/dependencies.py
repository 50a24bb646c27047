"""Who asks, and for what: every request is bound to its key's workspace before anything is read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import once
from api.keyring import Keyring
from api.metrics import Metrics
from api.models.common import Paged
from api.playbooks import PlaybooksFile
from api.problems import ForbiddenError, UnauthenticatedError
from api.settings import Settings
from schemas.clock import Clock
from schemas.database.sessions import Database
from schemas.keys import Key, Scope
from schemas.playbooks import Playbook

_bearer = HTTPBearer(auto_error=False, description="A key of `ebbtide key` or `POST /v1/keys`: `ebb_…`")


class Services:
    """What the process holds: settings, clock, database, keys, metrics. One is made in `create_app`."""

    def __init__(
        self, settings: Settings, clock: Clock, database: Database, keyring: Keyring, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.keyring = keyring
        self.metrics = metrics
        self.playbooks = PlaybooksFile(settings.api_playbooks)


class Tenant:
    """A workspace as one key may see it: its number, and transactions. `wish`: what is to be carried out once."""

    def __init__(self, key: Key, services: Services, wish: once.Wish | None = None) -> None:
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
        """A read-only transaction, and the workspace to bind it to."""
        with self._services.database.reading() as connection:
            yield connection, self.workspace

    @contextmanager
    def writing(self) -> Iterator[tuple[Any, int]]:
        """A transaction, and the workspace to bind it to."""
        with self._services.database.writing() as connection:
            wish, self._wish = self._wish, None  # noted with the first write; those after it belong to it
            if wish is not None:
                once.begin(connection, self.workspace, wish)
            yield connection, self.workspace


def services_of(request: Request) -> Services:
    """What the process holds."""
    found: Services = request.app.state.services
    return found


def _with(scope: Scope) -> Callable[..., Tenant]:
    def tenant(
        request: Request,
        services: Annotated[Services, Depends(services_of)],
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Tenant:
        if credentials is None:
            raise UnauthenticatedError("Send your key: `Authorization: Bearer ebb_…`.")
        key = services.keyring.by_secret(credentials.credentials)
        if key is None:
            raise UnauthenticatedError("This key is not valid: it was revoked, or never was one.")
        if scope not in key.scopes:
            raise ForbiddenError(f"This key may not do that: it lacks the scope `{scope}`.")
        request.state.workspace = key.workspace
        return Tenant(key, services, getattr(request.state, "wish", None))

    return tenant


Reader = Annotated[Tenant, Depends(_with(Scope.READ))]
Manager = Annotated[Tenant, Depends(_with(Scope.MANAGE))]
Admin = Annotated[Tenant, Depends(_with(Scope.ADMIN))]


def _once(
    tenant: Manager,
    idempotency_key: Annotated[  # noqa: ARG001 - api.once heeds it; here it is described
        str | None, Header(max_length=200, description="sent twice within 48 hours, it is carried out once")
    ] = None,
) -> Tenant:
    return tenant


Writer = Annotated[Tenant, Depends(_once)]
Held = Annotated[Services, Depends(services_of)]
Paging = Annotated[Paged, Query()]
InPath = Annotated[str, Path(min_length=1, max_length=256)]
