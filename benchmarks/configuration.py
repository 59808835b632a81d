"""Write `docs/configuration.md`: every key of config.yml, from the code that reads it.

`python -m benchmarks.configuration` writes the page.
"""

from __future__ import annotations

from itertools import groupby

from regression_model.config.reference import Key, keys

from .environments import ROOT

__all__ = ["PAGE", "page"]

PAGE = ROOT / "docs" / "configuration.md"
_TOP = """\
# Every key of config.yml

Made from the code that reads the file, by `python -m benchmarks.configuration`. The comment at the
top of [config.yml](../regression_model/config.yml) says how the file is written;
`regression-model check FILE` names every mistake with its line.

With a JSON Schema an editor completes the keys and explains them:

    regression-model check --schema > config.schema.json

For editors with the YAML language server, this is then the first line of a configuration:

    # yaml-language-server: $schema=config.schema.json

A key in **bold** is required. `NAME` stands for the name of a column.
"""


def page() -> str:
    """Return the page."""
    parts, every = [_TOP], [*keys()]
    places = {path: i for i, path in enumerate(dict.fromkeys(key.path[:-1] for key in every))}
    every.sort(key=lambda key: places[key.path[:-1]])  # a section's own keys, then those below
    for section, found in groupby(every, key=lambda key: key.path[:-1]):
        parts.append(f"## {'.'.join(section) or 'The sections'}\n")
        parts.append(
            "| key | type | default | meaning | example |\n| --- | --- | --- | --- | --- |"
        )
        parts[-1] += "".join(f"\n{_row(key)}" for key in found) + "\n"
    return "\n".join(parts)


def _row(key: Key) -> str:
    name = f"**{key.path[-1]}**" if key.required else key.path[-1]
    example = f"`{key.example}`" if key.example else ""
    cells = [name, key.type, key.default, key.meaning, example]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
