"""What one client may take of the service, and how a request is refused."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Refusal"]

_STATUS = {
    "bad_request": 400,
    "not_json": 422,
    "not_that_form": 422,
    "body_too_large": 413,
    "too_many_rows": 413,
    "too_slow": 408,
    "no_key": 401,
    "wrong_key": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "unsupported_media_type": 415,
    "too_busy": 503,
    "out_of_time": 503,
    "internal": 500,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all of them together, may take.

    Attributes
    ----------
    body_bytes : size of a request's body
    rows, explained_rows : rows of one request, for a prediction and for an explanation
    seconds : to receive a body, and then again to answer
    connections : open at one time, in each worker
    header_bytes : size of a request's headers
    """

    body_bytes: int = 8 * 1024 * 1024
    rows: int = 10_000
    explained_rows: int = 50
    seconds: float = 30.0
    connections: int = 1_000
    header_bytes: int = 32 * 1024


class Refusal(Exception):
    """Raised where a request is not answered as it asks: a code, and a sentence for the client."""

    def __init__(
        self, code: str, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.headers = code, message, headers
        self.status = _STATUS[code]
