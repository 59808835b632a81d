"""What is written is written whole: standard output and files, whatever they can take at once."""

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pytest

import regression_model
from regression_model.errors import OutputError
from regression_model.files.writing import CompleteWriter, opened_output, write_atomically

resource = pytest.importorskip("resource")

PACKAGE = Path(regression_model.__file__).parent
TEST_CSV = PACKAGE / "datasets" / "test.csv"
PROGRAM = [sys.executable, "-P", "-m", "regression_model"]  # -P: nothing from this folder
COMMANDS = {
    "csv": ["predict", str(TEST_CSV)],
    "jsonl": ["predict", str(TEST_CSV), "--to", "jsonl"],
    "info": ["info", "--json"],
    "schema": ["schema"],
}


@pytest.fixture(params=["buffered", "unbuffered"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Python's standard output in both forms; containers often have the second."""
    unbuffered = {"PYTHONUNBUFFERED": "1"} if request.param == "unbuffered" else {}
    return {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"} | unbuffered


def run(
    arguments: list[str], stdout: int | IO[bytes], env: dict[str, str], **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run the program."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=env,
        check=False,
        **options,
    )


@functools.cache
def complete(arguments: tuple[str, ...]) -> bytes:
    """What a pipe that blocks gets."""
    return run([*arguments], subprocess.PIPE, {**os.environ}).stdout


def limit_files() -> None:
    """Let this process write no file beyond 1,000 bytes; the writes fail, no signal ends it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.limits
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_standard_output_that_is_cut_short_is_a_failure(
    tmp_path: Path, command: list[str], environment: dict[str, str]
) -> None:
    """The first write takes a part, the next one none: the exit code says so, in one sentence."""
    with open(tmp_path / "output", "wb") as output:
        done = run(command, output, environment, preexec_fn=limit_files)
    said = done.stderr.decode()
    assert (done.returncode, said) == (
        2,
        "Error: Standard output cannot be used: File too large.\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_is_a_failure(command: list[str], environment: dict[str, str]) -> None:
    """The system's own words, and 2."""
    with open("/dev/full", "wb") as full:
        done = run(command, full, environment)
    said = done.stderr.decode()
    assert (done.returncode, said) == (
        2,
        "Error: Standard output cannot be used: No space left on device.\n",
    )


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_pipe_that_does_not_block_gets_everything(
    command: list[str], environment: dict[str, str]
) -> None:
    """While its reader is slow, the program waits."""
    expected = complete(tuple(command))
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [*PROGRAM, *command], stdout=writing, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(writing)
        received = b""
        while piece := os.read(reading, 4096):
            received += piece
            time.sleep(0.001)
        os.close(reading)
        assert process.wait() == 0
    assert received == expected


class Reluctant:
    """A stream that takes a few bytes at a time, and every other time none."""

    closed = False

    def __init__(self, descriptor: int) -> None:
        self.taken = b""
        self._descriptor = descriptor
        self._asked = 0

    def fileno(self) -> int:
        """A descriptor that can be waited for."""
        return self._descriptor

    def write(self, content: memoryview) -> int | None:
        """Take three bytes, or none."""
        self._asked += 1
        if self._asked % 2:
            return None
        self.taken += bytes(content[:3])
        return len(content[:3])


def test_short_writes_are_continued() -> None:
    """Whatever a stream takes at once, all of it arrives, in order."""
    reading, writing = os.pipe()
    stream = Reluctant(writing)
    assert CompleteWriter(stream).write(bytes(range(100))) == 100
    assert stream.taken == bytes(range(100))
    os.close(reading)
    os.close(writing)


def test_a_stream_that_takes_nothing_is_an_error() -> None:
    """Nobody waits for ever."""

    class Broken(Reluctant):
        def write(self, content: memoryview) -> int:
            return 0

    with pytest.raises(OSError, match="error"):
        CompleteWriter(Broken(0)).write(b"content")


# Files


def test_a_device_that_is_full_is_named() -> None:
    """What is written to by its name, and cannot be replaced, fails with its name."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with pytest.raises(OutputError) as raised, opened_output("/dev/full") as output:
        output.write(b"content")
    assert str(raised.value) == "/dev/full cannot be written: No space left on device."


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Nothing else is left beside it either."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), opened_output(str(path)) as output:
        output.write(b"new")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from regression_model.files import writing
writing._HAS_UNNAMED_FILES &= sys.argv[2] == "unnamed"
with writing.opened_output(sys.argv[1]) as output:
    output.write(b"new" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path, how: str) -> list[Path]:
    """What is beside a file after the process that was writing it was killed."""
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-P", "-c", KILLED, str(path), how], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    return [other for other in path.parent.iterdir() if other != path]


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are for Linux")
def test_a_killed_process_leaves_nothing_where_the_system_can(tmp_path: Path) -> None:
    """The file has no name until it is whole."""
    assert killed(tmp_path / "out.csv", "unnamed") == []


def test_the_next_run_clears_what_a_killed_process_left(tmp_path: Path) -> None:
    """Once nobody has written to it for a day; nothing else is touched."""
    path = tmp_path / "out.csv"
    (left,) = killed(path, "named")
    foreign = tmp_path / ".out.csv.settings.part"
    foreign.write_bytes(b"mine")
    other = tmp_path / ".other.csv.0123456789abcdef.part"
    other.write_bytes(b"of another file")
    write_atomically(path, b"new")
    assert left.exists()  # somebody may be writing it
    yesterday = time.time() - 25 * 60 * 60
    for old in (left, foreign, other):
        os.utime(old, (yesterday, yesterday))
    write_atomically(path, b"newer")
    assert sorted(tmp_path.iterdir()) == sorted([path, foreign, other])
    assert path.read_bytes() == b"newer"


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    """Also where only its owner may read it."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600
