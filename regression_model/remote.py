"""Places that are not on this computer: URLs, by fsspec and the extra remote.

A URL such as `s3://bucket/rows.csv` stands wherever a path does. Nothing here is imported before
one is given. What goes wrong is an OSError whose text is the reason, as for a file: whoever reads
or writes says which place it was, by `shown`, without the credentials that a URL may hold.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EACCES, ECONNREFUSED, EIO, ENOENT
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from .errors import MissingExtraError
from .extras import needs

__all__ = ["check", "listed", "opened", "read", "shown", "upload", "url_of", "version_of"]

Result = TypeVar("Result")

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?=[^/])")
_OF_A_REGISTRY = ("models", "runs")  # names of models, not places
_HTTP = ("http", "https")
_LONGEST_WAIT = 9.0  # seconds for an answer
_TO_CONNECT, _FOR_BYTES = 4, 8  # seconds
_AT_ONCE = 8 << 20  # bytes
_LIBRARIES = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
_BUCKETS = ("s3", "s3a", "gs", "gcs")
_DENIED = "access is denied"
_REFUSED = {401: "credentials are needed", 403: _DENIED}
_CODES = {
    "AccessDenied": _DENIED,
    "ExpiredToken": "the credentials have expired",
    "InvalidAccessKeyId": "the access key is not known there",
    "NoSuchBucket": "there is no such bucket",
    "SignatureDoesNotMatch": "the secret key is wrong",
}


def url_of(place: str | Path) -> str | None:
    """Return a place as a URL, or None for a path.

    A `Path` of a URL has one slash where the URL has two.
    """
    text = place.as_posix() if isinstance(place, Path) else place
    found = _URL.match(text)
    if found is None or found[1] in _OF_A_REGISTRY:
        return None
    return f"{found[1].lower()}://{text[found.end():]}"


def shown(place: str | Path) -> str:
    """Return a place for messages and records: of a URL no user, password, query or fragment."""
    url = url_of(place)
    if url is None:
        return str(place)
    scheme, _, rest = url.partition("://")
    if scheme in _HTTP:
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def opened(url: str) -> tuple[Any, int | None, Callable[[], bool]]:
    """Open a URL to read it once, from its beginning.

    Returns a binary stream, its size if that is known, and a function that says whether what is
    there is still what was opened.
    """
    system, path = _system(url)
    found = _answered(url, lambda: system.info(path))
    if found.get("type") == "directory":
        raise IsADirectoryError(EIO, "it is a folder")
    block_size = 0 if _scheme(url) in _HTTP else _AT_ONCE
    stream = _answered(url, lambda: system.open(path, "rb", block_size=block_size))
    size = found.get("size")

    def is_the_same() -> bool:
        system.invalidate_cache()
        return _version(_answered(url, lambda: system.info(path))) == _version(found)

    return _Stream(stream, url), size if isinstance(size, int) else None, is_the_same


def read(url: str, most: int = -1) -> bytes:
    """Return what is at a URL, or the first `most` bytes of it."""
    stream, _, is_the_same = opened(url)
    try:
        content: bytes = stream.read(most)
    finally:
        stream.close()
    if not is_the_same():
        raise OSError(EIO, "it changed while it was read")
    return content


def upload(path: str | Path, url: str) -> None:
    """Put a file where a URL says: all of it, or nothing."""
    system, place = _system(url)
    options = {"method": "put"} if _scheme(url) in _HTTP else {}
    with _explained(url):
        system.put_file(os.fspath(path), place, **options)


def check(url: str) -> None:
    """Find out, before the work and not after it, what would keep a URL from being written."""
    system, path = _system(url)
    if _scheme(url) not in _BUCKETS:
        return
    bucket = path.partition("/")[0]
    try:
        _answered(url, lambda: system.info(bucket))
    except FileNotFoundError:
        raise OSError(ENOENT, _CODES["NoSuchBucket"]) from None
    except PermissionError as error:
        if error.strerror != _DENIED:  # whoever may write need not be allowed to look
            raise


def listed(pattern: str) -> list[str]:
    """Return the URLs that a pattern such as `s3://bucket/2024-*.csv` stands for, in order."""
    system, path = _system(pattern)
    found = _answered(pattern, lambda: system.glob(path))
    return [f"{_scheme(pattern)}://{one}" for one in sorted(found)]


def version_of(url: str) -> str:
    """Return what changes when the content does."""
    system, path = _system(url)
    return repr(_version(_answered(url, lambda: system.info(path))))


class _Stream:
    """A stream whose errors are OSErrors with a reason."""

    def __init__(self, stream: Any, url: str) -> None:
        self._stream = stream
        self._url = url

    def read(self, length: int = -1) -> bytes:
        with _explained(self._url):
            return bytes(self._stream.read(length))

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        with suppress(Exception):
            self._stream.close()


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, with the path in it; few retries, short waits."""
    scheme = _scheme(url)
    with needs("remote"):
        import fsspec
    options: dict[str, Any] = {}
    if scheme in ("s3", "s3a"):
        options["config_kwargs"] = {
            "connect_timeout": _TO_CONNECT,
            "read_timeout": _FOR_BYTES,
            "retries": {"max_attempts": 1},
        }
    elif scheme in _HTTP:
        with needs("remote"):
            from aiohttp import ClientTimeout
        options["client_kwargs"] = {
            "timeout": ClientTimeout(total=None, sock_connect=_TO_CONNECT, sock_read=_FOR_BYTES)
        }
    if scheme not in fsspec.available_protocols():
        raise OSError(EIO, f"{scheme}:// is not a known kind of URL: use s3://, gs:// or https://")
    try:
        with _explained(url):
            system, path = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        library = _LIBRARIES.get(scheme) or (error.name or "").partition(".")[0]
        if not library or scheme in ("s3", "s3a"):
            with needs("remote"):
                raise ModuleNotFoundError(name="s3fs") from None
        raise MissingExtraError(
            f"{scheme}:// needs a library that no extra brings: pip install {library}."
        ) from None
    if hasattr(type(system), "retries"):
        system.retries = 2  # with waits between them, the default takes most of a minute
    system.invalidate_cache()  # fsspec keeps file systems, with what they have listed
    return system, str(path)


def _version(found: Mapping[str, Any]) -> tuple[object, ...]:
    names = ("size", "ETag", "etag", "md5Hash", "generation", "LastModified", "mtime", "updated")
    return tuple(found.get(name) for name in names)


def _answered(url: str, ask: Callable[[], Result]) -> Result:
    """Return an answer, or give up after some seconds, however patient the library is."""
    answers: SimpleQueue[tuple[Result | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        try:
            answers.put((ask(), None))
        except BaseException as error:
            answers.put((None, error))

    Thread(target=work, daemon=True).start()
    try:
        answer, error = answers.get(timeout=_LONGEST_WAIT)
    except Empty:
        raise TimeoutError(
            ECONNREFUSED, f"{_host(url)} did not answer within {_LONGEST_WAIT:g} seconds"
        ) from None
    with _explained(url):
        if error is not None:
            raise error
    return answer  # type: ignore[return-value]


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn what the libraries raise into an OSError whose text is a reason, with no secrets."""
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        raise _reason(error, url) from None


def _reason(error: BaseException, url: str) -> OSError:
    chain = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__) and below not in chain:
        chain.append(below)
    for one in chain:
        response = getattr(one, "response", None)
        code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
        if code in _CODES:
            return OSError(EACCES, _CODES[code])
        status = getattr(one, "status", None)
        if isinstance(status, int) and status >= 400 and status != 404:
            said = _REFUSED.get(status, f"the server answered {status}")
            return OSError(EACCES, said)
    names = {cls.__name__ for one in chain for cls in type(one).__mro__}
    if names & {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError"}:
        return PermissionError(EACCES, "there are no credentials for it in the environment")
    if "FileExpired" in names:
        return OSError(EIO, "it changed while it was read")
    if names & {"TimeoutError", "ReadTimeoutError", "ConnectTimeoutError", "ServerTimeoutError"}:
        return TimeoutError(ECONNREFUSED, f"{_host(url)} did not answer in time")
    if names & {"ClientConnectionError", "EndpointConnectionError", "ConnectionError"}:
        return ConnectionError(ECONNREFUSED, f"{_host(url)} cannot be reached")
    if names & {"ClientPayloadError", "IncompleteRead", "ResponseStreamingError"}:
        return OSError(EIO, "the connection broke before the end")
    if "FileNotFoundError" in names:
        return FileNotFoundError(ENOENT, "it does not exist")
    if "PermissionError" in names:
        return PermissionError(EACCES, _DENIED)
    return OSError(EIO, f"{type(error).__name__} from its server")


def _host(url: str) -> str:
    """Return the host that is asked; for a bucket the endpoint may be in the environment."""
    if _scheme(url) in ("s3", "s3a"):
        names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "FSSPEC_S3_ENDPOINT_URL")
        url = next((os.environ[name] for name in names if name in os.environ), "//the storage")
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or "the storage"
