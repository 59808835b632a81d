"""The service as an ASGI application: a table of paths, and the few lines around every request.

The table is a dict of plain functions. A framework's router and its middleware would cost as much
as the prediction of a row, and would read bodies and write answers in their own way.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import re
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from ..runtime.installed import Source
from ..runtime.model import Model
from . import invocations
from .answers import Answer, explain_rows, predict_rows
from .description import documented
from .http.bodies import ClientGone, Receive, Scope, rows_of
from .http.calls import Call, Endpoint, Reply, error_reply
from .http.limits import Limits, Refusal
from .http.logs import Log
from .http.small import PREDICT_PATH, SmallRequest
from .metrics import Metrics
from .pages import page_endpoints
from .state import State, source_of
from .together import Together

__all__ = ["API_KEY", "Service", "create_app"]

API_KEY = "REGRESSION_MODEL_API_KEY"
BYTES_AT_ONCE = 256 * 1024  # larger bodies are answered in a thread
_THREADS = 2
_MOST_WAITING = 32
_SOON = b"retry-after", b"1"
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

Send = Callable[[Any], Any]


class Service:
    """The application; call it as ASGI does, or mount it."""

    def __init__(
        self, state: State, *, limits: Limits, api_key: str | None = None, log: Log | None = None
    ) -> None:
        self.state, self.limits, self.log = state, limits, log
        self.metrics, self.together = Metrics(state), Together()
        self._key = api_key.encode() if api_key else None
        self.has_key = self._key is not None
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="predict")
        self._in_pool = 0
        self._ids, self._id_prefix = count(1), os.urandom(6).hex()
        page, part_of_page = page_endpoints()
        self.endpoints: dict[str, Endpoint] = {**_ENDPOINTS, "/": page}
        self.endpoints_below: dict[str, Endpoint] = {"/page/": part_of_page}
        self.on_startup: list[Callable[[], None]] = [state.start, self._begin_counting]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":  # a websocket: closed before it is open
            await send({"type": "websocket.close", "code": 1000})
            return
        path, mounted = scope["path"], scope.get("root_path", "")
        if mounted and path.startswith(mounted):
            path = path[len(mounted) :] or "/"
        await self._serve(path, self._endpoint(path), scope, receive, send)

    async def refuse_busy(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request on one connection too many."""
        await self._serve(scope["path"], _BUSY, scope, receive, send)

    async def _serve(
        self, path: str, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send
    ) -> None:
        began = perf_counter()
        self.state.start()
        call = Call(self, scope, receive, self._request_id(scope), path)
        try:
            self._admit(call, endpoint)
            reply = await endpoint.handler(call)
        except Exception as error:
            reply = self._without_answer(call, endpoint, error)
        if reply.status != 499:
            headers = reply.all_headers(call.id.encode())
            start = {"type": "http.response.start", "status": reply.status, "headers": headers}
            await send(start)
            body = b"" if scope["method"] == "HEAD" else reply.body
            await send({"type": "http.response.body", "body": body})
        self._record(call, endpoint, reply.status, perf_counter() - began)

    def answer_small(self, request: SmallRequest) -> None:
        """Answer a request for predictions whose body is complete, outside of ASGI."""
        self.state.start()
        call = self._call_of(request)

        def answer(answer: Answer | Exception) -> None:
            if isinstance(answer, Exception):
                reply = self._without_answer(call, _PREDICT, answer)
            else:
                reply = _answered(call, answer)
            self._respond(request, call, reply)

        try:
            self._admit(call, _PREDICT)
            rows = rows_of(request.body, self.limits.rows)
        except Exception as error:
            answer(error)
        else:
            self.together.add(self.state.current, rows, answer)

    def refuse_small(self, request: SmallRequest, error: Refusal | ClientGone) -> None:
        """Answer such a request before its body is complete."""
        call = self._call_of(request)
        self._respond(request, call, self._without_answer(call, _PREDICT, error))

    def _respond(self, request: SmallRequest, call: Call, reply: Reply) -> None:
        request.respond(reply, call.id)
        self._record(call, _PREDICT, reply.status, perf_counter() - request.began)

    def _call_of(self, request: SmallRequest) -> Call:
        scope: Any = request.scope
        receive: Any = request.receive
        return Call(self, scope, receive, self._request_id(scope), scope["path"])

    def _without_answer(self, call: Call, endpoint: Endpoint, error: Exception) -> Reply:
        """Return the reply to a request that is refused, or that the service failed at."""
        if isinstance(error, ClientGone):
            return Reply(b"", 499)  # for the log: nobody receives it
        if not isinstance(error, Refusal):
            self._report(call, error)
            error = Refusal("internal", "The service failed: its log says why, by this id.")
        return (endpoint.on_error or error_reply)(error, call.id)

    def _begin_counting(self) -> None:  # before the first request, which would wait for it
        self.state.current.recent.report()

    def _endpoint(self, path: str) -> Endpoint:
        found = self.endpoints.get(path)
        if found is None:
            found = self.endpoints_below.get(path[: path.rfind("/") + 1], _NOWHERE)
        return found

    def _admit(self, call: Call, endpoint: Endpoint) -> None:
        """Refuse a method that is not the endpoint's, and a client without the key."""
        if endpoint.methods and call.scope["method"] not in endpoint.methods:
            allowed = ", ".join(endpoint.methods)
            raise Refusal(
                "method_not_allowed",
                f"{call.path} takes {allowed}, not {call.scope['method'][:20]}.",
                ((b"allow", allowed.encode()),),
            )
        if self._key is not None and endpoint.needs_key:
            self._check_key(self._key, call.scope)

    @staticmethod
    def _check_key(key: bytes, scope: Scope) -> None:
        received = None
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                received = value
                break
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                received = value[7:].strip()
        asks = ((b"www-authenticate", b"Bearer"),)
        if received is None:
            how = "send it as X-API-Key: KEY or Authorization: Bearer KEY"
            raise Refusal("no_key", f"This service needs an API key: {how}.", asks)
        if not hmac.compare_digest(received, key):
            raise Refusal("wrong_key", "The API key is not the one of this service.", asks)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                if _SANE_ID.fullmatch(value):
                    return str(value, "ascii")
                break
        return f"{self._id_prefix}-{next(self._ids)}"

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        """Call `work` in a thread, so that other requests go on.

        Raises
        ------
        Refusal
            When too many wait for a thread, or the work takes too long.
        """
        if self._in_pool >= _THREADS + _MOST_WAITING:
            busy = "Too many large requests wait already: try again in a second."
            raise Refusal("too_busy", busy, (_SOON,))
        self._in_pool += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._left_pool)
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            future.cancel()
            raise Refusal(
                "out_of_time",
                f"No answer was ready after {self.limits.seconds:g} seconds: send fewer rows, or "
                "try again later.",
                (_SOON,),
            ) from None

    def _left_pool(self, future: asyncio.Future[Any]) -> None:
        self._in_pool -= 1
        if not future.cancelled():
            future.exception()  # it is reported where it was awaited, if somebody still does

    def _record(self, call: Call, endpoint: Endpoint, status: int, seconds: float) -> None:
        self.metrics.request(endpoint.route, status, seconds)
        if call.rows:
            self.metrics.rows(call.rows, call.failed, call.problems)
        if self.log is not None and self.log.access:
            about = {
                "request_id": call.id,
                "method": call.scope["method"],
                "path": call.path[:200],
                "status": status,
                "milliseconds": round(seconds * 1000, 3),
                "model": self.state.current.version,
            }
            if call.rows:
                about["rows"] = call.rows
            if call.failed:
                about["without_prediction"] = call.failed
            if call.problems:
                about["problems"] = dict(call.problems)
            self.log.request(about)

    def _report(self, call: Call, error: Exception) -> None:
        """Log where an unexpected error happened; its own text may hold what a row has."""
        if self.log is not None:
            where = "".join(traceback.format_tb(error.__traceback__))
            about = {"error": type(error).__name__, "traceback": where}
            self.log.event("error", "failed", request_id=call.id, path=call.path[:200], **about)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for begin in self.on_startup:
                    begin()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def close(self) -> None:
        """Stop the threads, and write what the log still holds."""
        self.state.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self.log is not None:
            self.log.flush()


def create_app(
    model: Model | Source | str | Path | None = None,
    *,
    limits: Limits | None = None,
    api_key: str | None = None,
    log: Log | None = None,
) -> Service:
    """Return the service as an ASGI application, to run or to mount in another one.

    Parameters
    ----------
    model : an opened model; or the path or name of one, which is opened again when it changes;
        without it, the shipped one
    limits : what one request may take
    api_key : what clients must send; without it, the environment's REGRESSION_MODEL_API_KEY
    log : where lines about requests go; without it, nowhere

    Raises
    ------
    ModelFileError
        When there is no such model, or it cannot be opened.
    """
    source = model if isinstance(model, Model) else source_of(model)
    state = State(source, on_event=log.event if log else None)
    key = os.environ.get(API_KEY) if api_key is None else api_key
    return Service(state, limits=limits or Limits(), api_key=key, log=log)


async def _predict(call: Call) -> Reply:
    body, opened, most = await call.body(), call.service.state.current, call.service.limits.rows
    if len(body) <= BYTES_AT_ONCE:
        answer = await call.service.together.predict(opened, rows_of(body, most))
    else:
        answer = await call.service.in_thread(lambda: predict_rows(opened, rows_of(body, most)))
    return _answered(call, answer)


async def _explain(call: Call) -> Reply:
    """Explain rows; each takes as long as hundreds that are predicted."""
    body, opened = await call.body(), call.service.state.current
    rows = rows_of(body, call.service.limits.explained_rows)
    return _answered(call, await call.service.in_thread(lambda: explain_rows(opened, rows)))


def _answered(call: Call, answer: Answer) -> Reply:
    call.rows, call.failed, call.problems = answer.rows, answer.failed, answer.problems
    return Reply(answer.body)


async def _not_found(call: Call) -> Reply:
    raise Refusal("not_found", f"There is nothing at {call.path[:100]!r}: see /docs.")


async def _busy(call: Call) -> Reply:
    busy = "Too many connections are open: try again in a second."
    raise Refusal("too_busy", busy, (_SOON, (b"connection", b"close")))


_NOWHERE = Endpoint("not_found", _not_found, methods=(), needs_key=False)
_BUSY = Endpoint("too_busy", _busy, methods=(), needs_key=False)

_PREDICT = Endpoint("predict", _predict, ("POST",))
_ENDPOINTS: Mapping[str, Endpoint] = {
    str(PREDICT_PATH, "ascii"): _PREDICT,
    "/api/v1/explain": Endpoint("explain", _explain, ("POST",)),
    **documented.ENDPOINTS,
    **invocations.ENDPOINTS,
}
