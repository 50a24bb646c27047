"""The API put together: one place where settings become connections, routes and pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles

from api import problems
from api.dependencies import Services
from api.metrics import Metrics
from api.middleware import Guard, Observe
from api.routes import (
    accounts,
    alerts,
    attention,
    behaviors,
    catalog,
    erasures,
    facts,
    handling,
    health,
    identities,
    keys,
    refused,
    rules,
    silences,
    stream,
    tasks,
    webhooks,
    windows,
)
from api.settings import Settings
from api.web import acting, pages
from api.web import webhooks as webhook_pages
from schemas.clock import Clock
from schemas.database import engine as engines
from schemas.database.keys import exchange_keys
from schemas.database.sessions import Database
from schemas.keyreading import EVERY, KeyReader

_STATIC = Path(__file__).parent / "web" / "static"
_DESCRIPTION = """Notices early, and explains, when a customer stops doing the few things that keep customers.

Send `Authorization: Bearer ebb_…`. Errors are `application/problem+json`; lists are paged by `cursor`."""

# An account's id may hold slashes, so what hangs on an account comes before the account itself.
_ROUTERS = (
    alerts, handling, stream, silences, attention, rules, tasks, windows, facts, identities, erasures,
    accounts, behaviors, catalog, webhooks, keys, refused, health,
)  # fmt: skip


def create_app(settings: Settings, clock: Clock) -> FastAPI:
    """The API over the database of these settings; it connects when it is first asked."""
    services = _services(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.database.pulse.start()
        reading = asyncio.create_task(_reread(services.keys))
        yield
        reading.cancel()
        services.database.close()

    app = FastAPI(
        title="Ebbtide",
        version="0.1.0",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    app.state.services = services
    for module in _ROUTERS:
        app.include_router(module.router, responses=problems.RESPONSES)
    app.include_router(pages.router)
    app.include_router(webhook_pages.router)
    app.include_router(acting.router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    problems.install(app)
    pages.install(app)
    app.add_middleware(Guard)
    app.add_middleware(Observe, metrics=services.metrics)
    return app


def _services(settings: Settings, clock: Clock) -> Services:
    metrics = Metrics()
    engine = engines.create(settings.database_url, pool=settings.api_connections, application="ebbtide api")
    database = Database(engine, metrics.database.observe)
    return Services(settings, clock, database, KeyReader(partial(exchange_keys, database)), metrics)


async def _reread(keys: KeyReader) -> None:
    """Reads the keys again and again, so that a revoked one ends within seconds, and writes down which were used."""
    while True:
        await asyncio.to_thread(keys.refresh)
        await asyncio.sleep(EVERY)


def _operation_id(route: APIRoute) -> str:
    return route.name
