"""The files of the project from which a package is built."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from .. import __version__
from ..display import markdown_table, markdown_text
from ..distribution import distribution_name
from ..evaluation import tables
from ..runtime.installed import MODEL_FILE
from ..runtime.model import Model

__all__ = ["module_of", "project_files"]

_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST_SUMMARY = 500  # characters; an index takes 512


def module_of(name: str) -> str:
    """Return the name by which the package is imported."""
    return name.replace("-", "_")


def project_files(model: Model, content: bytes, *, card: str | None) -> dict[str, bytes]:
    """Return what stands in the project, by its path.

    Parameters
    ----------
    model : the model, with the name and the version of the package
    content : its file
    card : text beside the model file; used if it is the model card of this model
    """
    manifest = model.manifest
    name, module = model.name, module_of(model.name)
    card = _card(model, card)
    values = {
        "name": name,
        "module": module,
        "version": model.version,
        "compatible": _compatible(),
        "distribution": distribution_name(),
        "description": markdown_text(manifest["description"]),
        "summary": _quoted(manifest["description"] or f"Predicts {model.contract.target}"),
        "card": card.strip(),
    }
    schema = json.dumps(model.contract.json_schema(title=name), indent=2, ensure_ascii=False)
    texts = {
        "README.md": _filled("README.md", values),
        "pyproject.toml": _filled("pyproject.toml", values),
        f"{module}/__init__.py": _filled("__init__.py", values),
        f"{module}/__main__.py": _filled("__main__.py", values),
        f"{module}/model-card.md": card,
        f"{module}/py.typed": "",
        f"{module}/row.schema.json": f"{schema}\n",
    }
    contents = {path: text.encode(errors="replace") for path, text in texts.items()}
    return contents | {f"{module}/{MODEL_FILE}": content}


def _filled(file: str, values: dict[str, str]) -> str:
    text = (_TEMPLATES / f"{file}.template").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _compatible() -> str:
    """Return the versions of regression-model that can run the package: this one up to the next."""
    return f">={__version__},<{int(__version__.partition('.')[0]) + 1}"


def _quoted(text: str) -> str:
    """Write a text in one line, as TOML has it: like JSON, with every character as it is."""
    line = " ".join(text.split())
    if len(line) > _LONGEST_SUMMARY:
        line = f"{line[:_LONGEST_SUMMARY].rpartition(' ')[0] or line[:_LONGEST_SUMMARY]} …"
    return json.dumps(line, ensure_ascii=False).replace("\x7f", "")


def _card(model: Model, text: str | None) -> str:
    """Return the model card under the name and the version of the package."""
    manifest = model.manifest
    title = f"# Model card: {model.name} {model.version}"
    origin = manifest.get("packaged_from", manifest)
    trained_as = f"{origin['name']} {origin['version']}"
    given, _, rest = (text or "").partition("\n")
    training = manifest["training"]
    digests = training["config_sha256"], training["data_sha256"]
    is_own = given == f"# Model card: {trained_as}" and all(one in rest for one in digests)
    body = rest.strip() if is_own else _made_card(model)
    packaged = f"Packaged from the model {trained_as}.\n\n" if origin is not manifest else ""
    return f"{title}\n\n{packaged}{body}\n"


def _made_card(model: Model) -> str:
    """Say in short what the manifest says."""
    manifest = model.manifest
    target = manifest["target"]
    unit = f", in {target['unit']}" if target["unit"] else ""
    parts = [
        manifest["description"],
        f"It predicts {target['name']} ({target['description']}{unit}).",
        *tables.recorded_sentences(manifest),
        manifest["training"]["data_source"],
    ]
    metrics = tables.recorded_metrics(manifest)
    return "\n\n".join(
        [
            *(markdown_text(part) for part in parts if part),
            "## Metrics",
            markdown_text(metrics.caption),
            markdown_table(metrics),
            "## Record",
            markdown_table(tables.record(manifest, model.contract)),
        ]
    )
