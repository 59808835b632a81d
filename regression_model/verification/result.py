"""The result of a verification: a list of checks, each with one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..display import count

__all__ = ["Check", "Status", "Verification", "concluded"]

Status = Literal["ok", "refused", "not checked"]

_MOST_DETAILS = 100


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    name : what was checked, such as `files` or `signature`
    status : `ok`, `refused` or `not checked`
    message : one sentence, with the reason unless the status is `ok`
    details : what the sentence only counts
    """

    name: str
    status: Status
    message: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """Everything that was checked of a model file, a wheel or the installed package.

    Attributes
    ----------
    target : what was verified
    sha256 : of the file; None for the installed package
    checks : in the order in which they were made
    """

    target: str
    sha256: str | None
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check was refused."""
        return not self.refused

    @property
    def refused(self) -> tuple[Check, ...]:
        """The checks that were refused."""
        return tuple(check for check in self.checks if check.status == "refused")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        checks = [asdict(check) | {"details": list(check.details)} for check in self.checks]
        return {
            "target": self.target,
            "sha256": self.sha256,
            "passed": self.passed,
            "checks": checks,
        }


def concluded(name: str, problems: Iterable[str], *, ok: str) -> Check:
    """Return the check that some problems, or none, amount to."""
    found = list(problems)
    if not found:
        return Check(name, "ok", ok)
    if len(found) == 1:
        return Check(name, "refused", found[0])
    more = f" There {'is' if len(found) == 2 else 'are'} {count(len(found) - 1, 'more problem')}."
    return Check(name, "refused", found[0] + more, tuple(found[:_MOST_DETAILS]))
