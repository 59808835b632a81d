"""Several files as one input: a pattern such as `data/2024-*.csv`, one file after the other."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from ... import remote
from ...errors import InputError

__all__ = ["check_same_columns", "expanded", "is_pattern"]

_SIGNS = frozenset("*?[")


def is_pattern(path: str) -> bool:
    """Say whether a path stands for files by a pattern; a file of that very name wins.

    The address of a web page may have a question mark, and a web server has no list of files.
    """
    if (url := remote.url_of(path)) is not None:
        return not url.startswith("http") and not _SIGNS.isdisjoint(url)
    return not _SIGNS.isdisjoint(path) and not os.path.lexists(path)


def expanded(path: str) -> list[str]:
    """Return the files that a path stands for, in the order of their names.

    Raises InputError when no file has a name of the pattern.
    """
    if not is_pattern(path):
        return [path]
    try:
        if (url := remote.url_of(path)) is not None:
            found = remote.listed(url)
        else:
            found = sorted(one for one in glob.glob(path, recursive=True) if os.path.isfile(one))
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{remote.shown(path)} cannot be read: {reason}.") from None
    if not found:
        raise InputError(f"{remote.shown(path)}: there is no file whose name matches.")
    return found


def check_same_columns(
    name: str, names: Sequence[str] | None, first: str, first_names: Sequence[str] | None
) -> None:
    """Raise InputError for a file whose columns are not those of the first one, in their order."""
    if names is None or first_names is None or list(names) == list(first_names):
        return
    missing = [one for one in first_names if one not in names]
    more = [one for one in names if one not in first_names]
    if missing:
        what = f"has no column {missing[0]!r}, which {first} has"
    elif more:
        what = f"has a column {more[0]!r}, which {first} has not"
    else:
        what = f"has its columns in another order than {first}"
    raise InputError(f"{name} {what}: expected files with the same columns.")
