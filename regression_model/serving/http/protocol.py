"""uvicorn's reading of HTTP, where a client that is slow, broken or greedy is not waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .bodies import ClientGone, too_slow
from .small import PREDICT_PATH, SmallRequest, small_length

__all__ = ["LimitedProtocol"]


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Its headers must come in time and be small, and its answers be read.

    httptools, and so uvicorn, reads headers of any size and waits for them without end.
    """

    _late: asyncio.TimerHandle | None = None
    _in_headers = True
    _header_bytes = 0
    _unsent = 0
    _is_too_large = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the headers of the first request."""
        super().connection_made(transport)
        self._limits = self.config.loaded_app.limits
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        if type(self.cycle) is SmallRequest and self.cycle.more_body:
            self.config.loaded_app.refuse_small(self.cycle, ClientGone())

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_headers and not self.transport.is_closing():
            # The parser keeps an unfinished header to itself, so all that came is counted.
            self._header_bytes += len(data)
            if self._header_bytes > self._limits.header_bytes:
                self._is_too_large = True
                self.send_400_response("")
            elif self._late is None:
                self._wait_for_headers()
        elif type(self.cycle) is SmallRequest and self.cycle.more_body and self._late is None:
            self._late = self.loop.call_later(self._limits.seconds, self._body_is_late)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self._limits.header_bytes:
            self._is_too_large = True
            raise ValueError("headers too large")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start to answer, or say that there are too many connections."""
        self._in_headers = False
        self._header_bytes = 0
        if self._late is not None:
            self._stop_waiting()
        if len(self.connections) > self._limits.connections:
            self.app = self.config.loaded_app.refuse_busy
        elif self.url == PREDICT_PATH and self._is_small():
            self.scope |= {"method": "POST", "path": str(PREDICT_PATH, "ascii")}
            self.cycle = SmallRequest(
                self.scope,
                self.transport,
                self.server_state.default_headers,
                self.on_response_complete,
            )
            return
        super().on_headers_complete()

    def _is_small(self) -> bool:
        """Whether the request can be answered as soon as its body is complete."""
        length, parser = small_length(self.headers), self.parser
        last: Any = self.cycle  # None at first
        return (
            length is not None
            and length <= self._limits.body_bytes
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and (last is None or last.response_complete)
            and not self.flow.write_paused
        )

    def on_message_complete(self) -> None:
        if self._late is not None:
            self._stop_waiting()
        super().on_message_complete()
        if type(self.cycle) is SmallRequest and not self.cycle.response_complete:
            self.config.loaded_app.answer_small(self.cycle)

    def on_response_complete(self) -> None:
        """Wait for the next request, and for the client to read what was sent."""
        super().on_response_complete()
        if self.cycle.more_body and self._late is None:  # refused: what still comes is dropped
            self._late = self.loop.call_later(self._limits.seconds, self.transport.abort)
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self.timeout_keep_alive_handler()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without requests; one that does not read its answer, for good."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            super().timeout_keep_alive_handler()
        elif self._unsent and unsent >= self._unsent:
            self.transport.abort()
        else:
            self._unsent = unsent
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or has too large headers, and close the connection."""
        if self._is_too_large:
            most = self._limits.header_bytes
            sentence = f"The headers are larger than {most:,} bytes: send fewer or shorter ones."
            self._refuse(431, "headers_too_large", sentence)
        else:
            self._refuse(400, "not_http", "The request is not HTTP/1.1 as this service reads it.")

    def _wait_for_headers(self) -> None:
        self._late = self.loop.call_later(self._limits.seconds, self._headers_are_late)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _headers_are_late(self) -> None:
        if not self.transport.is_closing():
            seconds = self._limits.seconds
            sentence = f"The headers were not received within {seconds:g} seconds."
            self._refuse(408, "too_slow", sentence)

    def _body_is_late(self) -> None:
        self._late = None
        if type(self.cycle) is SmallRequest and not self.transport.is_closing():
            self.config.loaded_app.refuse_small(self.cycle, too_slow(self._limits))

    def _refuse(self, status: int, code: str, sentence: str) -> None:
        """Answer for the application, which has not seen the request."""
        error = {"code": code, "message": sentence, "request_id": None}
        body = orjson.dumps({"error": error})
        head = STATUS_LINE[status] + (
            b"content-type: application/json\r\nx-content-type-options: nosniff\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()
