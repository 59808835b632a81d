"""A storage and a web server on 127.0.0.1, each on a free port."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import s3fs
from moto.server import ThreadedMotoServer

SECRET = "s3cr3t"


@pytest.fixture(scope="session", autouse=True)
def storage() -> Iterator[str]:
    """The address of a storage that answers as S3 does, with its credentials in the environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield settings["AWS_ENDPOINT_URL"]
    server.stop()


@pytest.fixture
def bucket(storage: str) -> Iterator[Any]:
    """An empty bucket, by s3fs."""
    system = s3fs.S3FileSystem(use_listings_cache=False)
    system.mkdir("bucket")
    yield system
    system.rm("bucket", recursive=True)


@dataclass
class Web:
    """What a web server has, and what it was sent."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    changing: set[str] = field(default_factory=set)
    passwords: list[str | None] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server that also takes what is put there."""
    answers = iter(range(1_000_000))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            content = found.files.get(path, b"")
            found.passwords.append(self.headers.get("Authorization"))
            self.send_response(found.status.get(path, 200 if path in found.files else 404))
            self.send_header("Content-Length", str(len(content)))
            if path in found.changing:
                self.send_header("ETag", f'"{next(answers)}"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            content = b""
            while length := int(self.rfile.readline(), 16):
                content += self.rfile.read(length)
                self.rfile.readline()
            path = self.path.partition("?")[0]
            status = found.status.get(path, 201)
            if status == 201:
                found.files[path] = content
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Web(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def only_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no file of the user or service of a cloud give credentials."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
