"""The model that the service answers with, opened again when another file is put in its place."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ..errors import ModelFileError, RegressionModelError
from ..remote import shown, url_of, version_of
from ..runtime.contract import Contract
from ..runtime.installed import Found, Source, find_model
from ..runtime.model import Model, open_place
from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file
from .drift import RecentRows

__all__ = ["SHARED_FOLDER", "Opened", "State", "file_source", "source_of"]

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # of several workers

SECONDS_BETWEEN_LOOKS = 1.0
_MOST_KEPT = 1_000

Event = Callable[..., None]


class Opened:
    """A model, with what every answer needs of it."""

    def __init__(self, model: Model) -> None:
        self.model, contract = model, model.contract
        self.name, self.version = model.name, model.version
        self.identity = {"name": model.name, "version": model.version}
        self.names_of = _names_by_flags(contract)
        self.documents: dict[str, bytes] = {}  # by path: what is made once and sent often

    @cached_property
    def recent(self) -> RecentRows:
        """The rows that the model was asked for lately."""
        return RecentRows(self.model, os.environ.get(SHARED_FOLDER))


def _names_by_flags(contract: Contract) -> Callable[[bytes], tuple[str, ...]]:
    """Return what names, in the order of the contract, the fields that are flagged.

    Flags are a byte for each number and then for each category. Rows with the same fields missing
    come again and again, so the answers that were used last are kept. It holds no Opened: one that
    holds itself would outlive its replacement.
    """
    names = [field.name for field in contract.fields]
    places = [names.index(field.name) for field in (*contract.numbers, *contract.categories)]

    @lru_cache(_MOST_KEPT)
    def names_of(flags: bytes) -> tuple[str, ...]:
        flagged = sorted(place for place, flag in zip(places, flags, strict=True) if flag)
        return tuple(names[place] for place in flagged)

    return names_of


class State:
    """The model in use. `current` is replaced as a whole, so that a request uses one model.

    Attributes
    ----------
    current : Opened
    reloads, refused : how often another model was opened, or could not be
    """

    def __init__(self, source: Model | Source, *, on_event: Event | None = None) -> None:
        self.reloads = self.refused = 0
        self.on_event: Event = on_event or (lambda *_, **__: None)
        self._wake, self._stopped = threading.Event(), False
        self._thread: threading.Thread | None = None
        self._source: Source | None = None
        self._key: Hashable = None
        self.current: Opened
        if isinstance(source, Model):
            self.current = Opened(source)
        else:
            found = source()
            self.current, self._key, self._source = (
                Opened(open_place(found.place, name=found.name)),
                found.key,
                source,
            )

    def start(self) -> None:
        """Look for another model from now on, in a thread; once, however often it is called."""
        if self._source is not None and self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="model-watch", daemon=True)
            self._thread.start()

    def look_now(self) -> None:
        """Open the model again, whether it seems changed or not."""
        self._key = None
        self._wake.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        self._wake.set()

    def _watch(self) -> None:
        while not self._stopped:
            self._wake.wait(SECONDS_BETWEEN_LOOKS)
            self._wake.clear()
            if not self._stopped:
                self.look()

    def look(self) -> None:
        """Open the model if it is another one than before; one that cannot be opened is left."""
        assert self._source is not None
        try:
            found = self._source()
            if found.key == self._key:
                return
            self._key = found.key  # one that is refused is not tried again until it changes
            opened = Opened(open_place(found.place, name=found.name))
        except RegressionModelError as error:
            self._refuse(str(error))
            return
        except Exception as error:  # the old model serves on, whatever the new one does
            self._refuse(f"{type(error).__name__} while it was opened")
            return
        self._last_refusal = ""
        self.current = opened
        self.reloads += 1
        self.on_event("info", "model opened", model=opened.name, version=opened.version)

    _last_refusal = ""

    def _refuse(self, reason: str) -> None:
        if reason == self._last_refusal and self._key is not None:
            return
        self._last_refusal = reason
        self.refused += 1
        self.on_event("error", "model refused", reason=reason, still=self.current.version)


def file_source(named: str | Path | None) -> Source:
    """Return the source of a model that is given by its path or name, or of the shipped one."""

    def find() -> Found:
        path = find_model_file(PACKAGE_ROOT) if named is None else find_model(named)
        if path is None:
            raise ModelFileError("There is no model file: train one, or name one with --model.")
        try:
            if (url := url_of(path)) is not None:
                return Found((url, version_of(url)), path, shown(path))
            at = os.stat(path)
            key: Any = str(path), at.st_ino, at.st_size, at.st_mtime_ns
        except OSError:
            key = str(path), None  # opening it says what is wrong
        return Found(key, path, shown(path))

    return find


def source_of(model: str | Path | Source | None) -> Source:
    """Return the source of a model that is given by its path or name, or that has one."""
    return file_source(model) if model is None or isinstance(model, str | Path) else model
