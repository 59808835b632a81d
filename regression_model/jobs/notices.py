"""Notices of a job: that it started, what came of it, or why it failed.

Addresses are apprise's (mail, chat, webhook, desktop). They may hold passwords, so they are never
shown: not in a log, not in a record, not in a message.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, model_validator

from ..config.mistakes import Mistake, expected, nearest
from ..config.values import Section, Words
from ..errors import MissingExtraError
from ..extras import needs
from .description.settings import setting
from .watching import Watcher

__all__ = ["Notify"]

_ON = "Which notices: started, finished and failed, or some of them."
_EVENTS = ("started", "finished", "failed")


def _addresses(value: object) -> object:
    """Read one address or a list of them; none is shown if it is wrong."""
    several = value if isinstance(value, list | tuple) else [value]
    found = [SecretStr(one.strip()) if isinstance(one, str) else one for one in several]
    if not all(isinstance(one, SecretStr) and one.get_secret_value() for one in found):
        raise ValueError("expected an address, or a list of addresses")
    return tuple(found)


class Notify(Section):
    """Who is told of a job."""

    to: Annotated[
        tuple[SecretStr, ...],
        BeforeValidator(_addresses),
        setting(
            "Addresses of apprise, such as mailto://, slack:// or json://HOST; a secret.",
            default=...,
        ),
    ]
    on: Words = setting(_ON, default=_EVENTS)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> Any:
        """Describe the addresses without keys as well."""
        addresses = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        found = handler.resolve_ref_schema(handler(core))
        found["properties"]["to"] |= addresses
        for key in ("type", "items"):
            found["properties"]["to"].pop(key, None)
        found["properties"]["on"] = {"type": "string", "description": _ON}
        return {"anyOf": [addresses, found]}

    @model_validator(mode="before")
    @classmethod
    def _read_address(cls, value: object) -> object:
        """Read addresses without keys as those of all notices."""
        if isinstance(value, str | list | tuple):
            return {"to": value}
        if not isinstance(value, dict | cls):
            raise expected("an address, or the keys 'to' and 'on'", None)
        return value

    def mistakes(self) -> Iterator[Mistake]:
        """Find notices that there are not."""
        for event in self.on:
            if event not in _EVENTS:
                text = f"expected some of {', '.join(_EVENTS)}, got {event!r}"
                yield ("on",), f"{text}{nearest(event, _EVENTS)}"

    def send(self, event: str, title: str, text: str, watcher: Watcher) -> None:
        """Send a notice if it is wanted; what fails is a warning, and nothing else."""
        if event not in self.on:
            return
        with _silent("apprise"):
            try:
                with needs("notify"):
                    import apprise
            except MissingExtraError as error:
                watcher.warn(f"Warning: no notice was sent: {error}")
                return
            for number, address in enumerate(self.to, start=1):
                sender = apprise.Apprise()
                which = f"to address {number} of {len(self.to)}"
                try:
                    if not sender.add(address.get_secret_value()):
                        watcher.warn(f"Warning: no notice {which}: apprise cannot read it.")
                    elif not sender.notify(title=title, body=text):
                        watcher.warn(f"Warning: the notice {which} was not sent.")
                except Exception as error:  # of a library for a hundred services
                    kind = type(error).__name__  # its text may hold the address
                    watcher.warn(f"Warning: the notice {which} was not sent: {kind}.")


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep a library from logging what it was given, and from warning of its own imports."""
    logger: Any = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.disabled = before
