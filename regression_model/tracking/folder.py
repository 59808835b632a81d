"""Runs in a folder, which can be read without this program: docs/lifecycle.md shows the layout.

No file is ever changed: a record and the move of an alias are each written whole under a name of
their own, and lines are appended to the index. So there is nothing to lock, and a process that is
killed leaves nothing that stops another one.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import AliasMovedError, OutputError, TrackingError
from .interface import Runs
from .values import PARTS, AliasRecord, Run, RunRecord, split_alias

__all__ = ["Folder"]

_RECORD = "run.json"
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_MOVE = re.compile(r"(\d{6,})\.json")
_STALE = 60  # seconds without a new file
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


class Folder(Runs):
    """The runs in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._records, self._aliases = root / "records", root / "aliases"
        self._index = root / "index.jsonl"

    @property
    def where(self) -> str:
        return str(self.root)

    def record(self, run: Run, files: Mapping[str, Path | bytes], parts: Sequence[Run] = ()) -> str:
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        unfinished = self._records / f".{run_id}.part"
        try:
            unfinished.mkdir(parents=True)
            contents = {
                name: file if isinstance(file, bytes) else file.read_bytes()
                for name, file in sorted(files.items())
            }
            if parts:
                lines = (_json(replace(one, parent=run_id).to_dict()) for one in parts)
                contents[PARTS] = b"".join(lines)
            for name, content in contents.items():
                _write_whole(unfinished / name, content)
            digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
            record = RunRecord(run_id, run, digests, str(self._records / run_id))
            _write_whole(unfinished / _RECORD, _json(record.to_dict(), indent=2))
            unfinished.rename(self._records / run_id)
            self._append(_json(record.to_dict()))
        except OSError as error:
            raise _cannot_be_written(self.root, error) from None
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return run_id

    def runs(self) -> list[RunRecord]:
        return self._read()[0]

    def problems(self) -> list[str]:
        return self._read()[1]

    def run(self, named: str) -> RunRecord:
        if "@" in named:
            return self._named_by(*split_alias(named))
        found = sorted(one for one in self._ids() if one.startswith(named))
        if not named or not found:
            raise TrackingError(self._no_run(named))
        if len(found) > 1:
            several = ", ".join(found[:3]) + (" and others" if len(found) > 3 else "")
            raise TrackingError(f"{named} is the beginning of several runs: {several}.")
        return self._open(found[0])

    def resolve(self, named: str) -> Path:
        record = self.run(named)
        if record.model_file is None:
            raise TrackingError(
                f"The run {record.id} in {self.root} has no model file: it is of "
                f"{record.run.kind}, and only train records one."
            )
        path = self._records / record.id / record.model_file
        if not path.is_file():
            raise TrackingError(
                f"The model file of the run {record.id} was deleted: {path}. Promote another run "
                "or roll back."
            )
        return path

    def file(self, run_id: str, name: str) -> bytes:
        path = self._records / run_id / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise TrackingError(f"{path} cannot be read: {error.strerror}.") from None

    def aliases(self) -> list[AliasRecord]:
        found = (
            self.alias(name, alias)
            for name in _names(self._aliases)
            for alias in _names(self._aliases / name)
        )
        return [*filter(None, found)]

    def alias(self, name: str, alias: str) -> AliasRecord | None:
        return self._moves(name, alias)[1]

    def history(self, name: str, alias: str) -> Sequence[AliasRecord]:
        moves = (self._move(name, alias, one) for one in sorted(self._numbers(name, alias)))
        return [*filter(None, moves)]

    def _moves(self, name: str, alias: str) -> tuple[list[int], AliasRecord | None]:
        numbers = self._numbers(name, alias)  # once: a move that comes later takes our number
        moves = (self._move(name, alias, one) for one in sorted(numbers, reverse=True))
        return numbers, next(filter(None, moves), None)  # the last that can be read

    def _make(self, move: AliasRecord) -> None:
        folder = self._aliases / move.name / move.alias
        unfinished = folder / f".{secrets.token_hex(8)}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(unfinished, _json(move.to_dict(), indent=2))
            # A link, not a rename: it fails where another process has made this move already.
            os.link(unfinished, folder / f"{move.number:06}.json")
        except FileExistsError:
            raise self._moved(move.name, move.alias, self.alias(move.name, move.alias)) from None
        except OSError as error:
            raise _cannot_be_written(folder, error) from None
        finally:
            with suppress(OSError):
                unfinished.unlink()

    def _moved(self, name: str, alias: str, present: AliasRecord | None) -> AliasMovedError:
        if present is None:
            return AliasMovedError(f"{name}@{alias} was removed meanwhile: nothing was changed.")
        return AliasMovedError(
            f"{name}@{alias} was moved to {present.run} meanwhile, by {present.by or 'somebody'} "
            f"at {present.at}: nothing was changed. Promote again to compare with that one."
        )

    def _append(self, line: bytes) -> None:
        """Add a line to the index; one that a crash cut short ends before it."""
        with open(self._index, "ab+", buffering=0) as index:  # one write for the whole line
            if index.seek(0, os.SEEK_END):
                index.seek(-1, os.SEEK_END)
                if index.read(1) != b"\n":
                    line = b"\n" + line
            index.write(line)

    def _read(self) -> tuple[list[RunRecord], list[str]]:
        """Read the index, and for runs that it does not have their own records."""
        ids = self._ids()
        found = {record.id: record for record in self._indexed() if record.id in ids}
        problems = []
        for run_id in sorted(ids - found.keys()):
            try:
                found[run_id] = self._open(run_id)
            except TrackingError as error:
                problems.append(str(error))
        problems += [
            f"{self._records / name} was cut short by a crash, and is left out: delete it."
            for name in _names(self._records)
            if name.endswith(".part") and self._is_left_behind(self._records / name)
        ]
        return sorted(found.values(), key=lambda one: one.id, reverse=True), problems

    def _is_left_behind(self, unfinished: Path) -> bool:
        """Whether nobody is writing a record any more."""
        try:
            return time.time() - unfinished.stat().st_mtime > _STALE
        except OSError:
            return False

    def _ids(self) -> set[str]:
        return {name for name in _names(self._records) if _ID.fullmatch(name)}

    def _indexed(self) -> Iterator[RunRecord]:
        """Yield the records in the index; a line that was cut short is left to the record."""
        try:
            lines = self._index.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise TrackingError(f"{self._index} cannot be read: {error.strerror}.") from None
        for line in lines:
            with suppress(*_UNREADABLE):
                yield self._record_of(json.loads(line))

    def _open(self, run_id: str) -> RunRecord:
        path = self._records / run_id / _RECORD
        try:
            return self._record_of(json.loads(path.read_bytes()))
        except FileNotFoundError:
            raise TrackingError(
                f"The run {run_id} was deleted from {self.root}, or its record {path} was."
            ) from None
        except OSError as error:
            raise TrackingError(f"{path} cannot be read: {error.strerror}.") from None
        except _UNREADABLE:
            raise TrackingError(
                f"{path} was cut short or changed, and is left out: delete {path.parent}."
            ) from None

    def _record_of(self, record: Mapping[str, Any]) -> RunRecord:
        run_id, files = record["id"], record["files"]
        if not _ID.fullmatch(run_id) or any(Path(name).name != name for name in files):
            raise ValueError(run_id)
        return RunRecord(run_id, Run.from_dict(record), dict(files), str(self._records / run_id))

    def _named_by(self, name: str, alias: str) -> RunRecord:
        move = self.alias(name, alias)
        if move is None:
            there = ", ".join(f"{one.name}@{one.alias}" for one in self.aliases()) or "none"
            raise TrackingError(
                f"There is no {name}@{alias} in {self.root} (aliases there: {there}): promote a "
                f"run to it with regression-model promote RUN --to {alias}."
            )
        if move.run not in self._ids():
            raise TrackingError(
                f"The run {move.run}, which {name}@{alias} names, was deleted from {self.root}: "
                "promote another run or roll back."
            )
        return self._open(move.run)

    def _no_run(self, named: str) -> str:
        if not self._ids():
            return (
                f"There are no runs in {self.root}: train with --runs {self.root}, or name another "
                "place with --runs."
            )
        return (
            f"There is no run {named!r} in {self.root}, or it was deleted: regression-model runs "
            "lists them."
        )

    def _numbers(self, name: str, alias: str) -> list[int]:
        found = (_MOVE.fullmatch(one) for one in _names(self._aliases / name / alias))
        return [int(one[1]) for one in found if one]

    def _move(self, name: str, alias: str, number: int) -> AliasRecord | None:
        """Read a move; None for a file that somebody has damaged."""
        path = self._aliases / name / alias / f"{number:06}.json"
        try:
            move = AliasRecord.from_dict(json.loads(path.read_bytes()))
        except (OSError, *_UNREADABLE):
            return None
        return move if _ID.fullmatch(move.run) else None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise TrackingError(f"{folder} cannot be read: {error.strerror}.") from None


def _json(value: Any, indent: int | None = None) -> bytes:
    return f"{json.dumps(value, sort_keys=True, indent=indent, allow_nan=False)}\n".encode()


def _write_whole(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _cannot_be_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{error.filename or path} cannot be used: {error.strerror or error}.")
