"""The composition root of the collector."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from ingest import background, harmless, openapi, operations, replaying
from ingest.errors import Refusal
from ingest.intake import Parts
from ingest.kafka import Producer
from ingest.keys import Gate
from ingest.migrations import Migrations
from ingest.routes import Collector
from ingest.settings import IngestSettings
from ingest.sink import Sink
from schemas.clock import Clock
from schemas.database import engine as engines
from schemas.database.keys import exchange_keys
from schemas.database.refused import as_received
from schemas.database.sessions import Database
from schemas.keyreading import KeyReader
from schemas.rates import Rates
from schemas.topics import EVENTS, HISTORY, REJECTED


def create_app(settings: IngestSettings, clock: Clock | None = None) -> FastAPI:
    """The collector over these settings. It starts without Kafka and database, and is ready when both answered."""
    clock = clock or Clock(settings.clock_file)
    database = Database(engines.create(settings.database_url, pool=1, application="ebbtide ingest"))
    producer = Producer(
        settings.kafka_access, (EVENTS, HISTORY, REJECTED), settings.answer_seconds, settings.compression
    )
    sink = Sink(producer, clock, settings, f"{socket.gethostname()}:{os.getpid()}")
    migrations = Migrations(sink, settings.migration_quiet_seconds)
    keys = KeyReader(partial(exchange_keys, database))
    parts = Parts(
        sink, Gate(keys, settings.key_grace_seconds, Rates(settings.key_events_per_second)), migrations, clock, settings
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(keys.refresh)
        tasks = [
            asyncio.create_task(background.pulse(producer, sink)),
            asyncio.create_task(background.refresh_keys(keys)),
            asyncio.create_task(background.hurry_bodies()),
            asyncio.create_task(background.close_migrations(migrations)),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if producer.connected:
            await background.guarded(migrations.close_all)
        await sink.close(settings.shutdown_seconds)
        database.close()

    app = Collector(**openapi.ABOUT, lifespan=lifespan)
    app.take(parts)
    app.include_router(operations.router(parts))
    app.include_router(replaying.router(parts, _refused(database)))
    app.include_router(harmless.router)
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"], max_age=86_400
    )
    app.add_exception_handler(Refusal, operations.failure)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _internal)
    openapi.install(app)
    return app


def _refused(database: Database) -> replaying.Load:
    def load(workspace: int, number: int) -> tuple[bytes, int]:
        with database.reading() as connection:
            return as_received(connection, workspace, number)

    return load


def _http(_: Request, error: Exception) -> JSONResponse:
    status = getattr(error, "status_code", 500)
    message = {404: "There is no such path; see /docs.", 405: "The path takes another method; see /docs."}
    content = {"success": False, "code": f"http_{status}", "message": message.get(status, str(error))}
    return JSONResponse(content, status, getattr(error, "headers", None))


def _invalid(_: Request, error: Exception) -> JSONResponse:
    said = error.errors() if isinstance(error, RequestValidationError) else []
    message = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in said)
    return JSONResponse({"success": False, "code": "invalid", "message": message}, 422)


def _internal(_: Request, __: Exception) -> JSONResponse:
    content = {"success": False, "code": "internal", "message": "Not kept: the collector failed; its log says why."}
    return JSONResponse(content, 500)
