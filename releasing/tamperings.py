"""Ways to tamper with a release, each of which `regression-model verify` refuses.

A tampering takes a release that was built and signed, and makes a spoilt copy of a part of it in a
folder of its own. `TAMPERINGS` lists them all, for the tests and for the rehearsal of a release.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import warnings
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from regression_model.runtime.model_file.sealing import (
    FORMAT,
    MANIFEST_KEY,
    open_sealed,
    reseal,
    seal,
)
from regression_model.runtime.model_file.wire import delimited, varint
from regression_model.verification import sign

__all__ = ["TAMPERINGS", "Release", "Tampered", "Tampering", "recorded", "write_wheel"]

_MODULE = "regression_model/predict.py"
_OTHER_CODE = b"raise SystemExit('another program')\n"

Files = dict[str, bytes]


@dataclass(frozen=True)
class Release:
    """What is tampered with.

    Attributes
    ----------
    wheel, model : each with its signature beside it, under its own name and `.sig`
    key : the public key of both signatures
    """

    wheel: Path
    model: Path
    key: Path


@dataclass(frozen=True)
class Tampered:
    """How to verify what was spoilt, and by which words it is refused.

    Attributes
    ----------
    arguments : of `regression-model verify`
    says : part of the sentence by which it is refused
    environment : variables to set for the command
    """

    arguments: tuple[str, ...]
    says: str
    environment: Mapping[str, str] = field(default_factory=dict)


Tampering = Callable[[Release, Path], Tampered]


# Model files


def _end_of_graph(content: bytes | bytearray) -> int:
    return content.index(MANIFEST_KEY.encode())


def _model(release: Release, folder: Path, content: bytes, says: str) -> Tampered:
    place = folder / release.model.name
    place.write_bytes(content)
    return Tampered((str(place),), says)


def _flipped_byte(release: Release, folder: Path) -> Tampered:
    content = bytearray(release.model.read_bytes())
    content[_end_of_graph(content) // 2] ^= 1
    return _model(release, folder, bytes(content), "its digest does not match")


def _edited_manifest(release: Release, folder: Path) -> Tampered:
    content = bytearray(release.model.read_bytes())
    key = b'"coverage":0.'
    at = content.index(key) + len(key)
    content[at] = ord("1") if content[at] != ord("1") else ord("2")
    return _model(release, folder, bytes(content), "its digest does not match")


def _truncated_model(release: Release, folder: Path) -> Tampered:
    content = release.model.read_bytes()
    return _model(release, folder, content[: _end_of_graph(content) // 2], "is truncated")


def _newer_format(release: Release, folder: Path) -> Tampered:
    manifest = open_sealed(release.model.read_bytes(), name="model")
    content = seal(b"", manifest | {"format": FORMAT + 1})
    return _model(release, folder, content, f"has format {FORMAT + 1}")


def _foreign_onnx(release: Release, folder: Path) -> Tampered:
    graph = delimited(7, delimited(2, b"graph"))
    content = varint(1 << 3) + varint(8) + delimited(2, b"another program") + graph
    return _model(release, folder, content, "was not written by regression-model")


def _foreign_operator(release: Release, folder: Path) -> Tampered:
    content = release.model.read_bytes()
    manifest = open_sealed(content, name="model")
    other = content.replace(delimited(4, b"Concat"), delimited(4, b"Unique"))
    content = reseal(other, manifest, name="model")
    return _model(release, folder, content, "is not an operator that a model file may have")


def _edited_and_resealed(release: Release, folder: Path) -> Tampered:
    content = release.model.read_bytes()
    manifest = open_sealed(content, name="model")
    edited = manifest | {"description": "The best model that there is."}
    spoilt = _model(release, folder, reseal(content, edited, name="model"), "is not of this file")
    return _signed(release, spoilt, _signature_of(release.model))


# Wheels


def _files_of(wheel: Path) -> Files:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_wheel(place: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write an archive with these files, as they are, and return its path."""
    with warnings.catch_warnings(), zipfile.ZipFile(place, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there twice
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content)
    return place


def _about(files: Files, file: str) -> str:
    return next(name for name in files if name.endswith(f".dist-info/{file}"))


def recorded(files: Files) -> Files:
    """Return the files with a RECORD that agrees with them."""
    own = _about(files, "RECORD")
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for name, content in files.items():
        digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
        cells = ("", "") if name == own else (f"sha256={digest}", str(len(content)))
        writer.writerow((name, *cells))
    return files | {own: lines.getvalue().encode()}


def _wheel(release: Release, folder: Path, files: Files, says: str) -> Tampered:
    return Tampered((str(write_wheel(folder / release.wheel.name, files.items())),), says)


def _resealed_in_wheel(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel)
    name = next(name for name in files if name.endswith(".onnx"))
    manifest = open_sealed(files[name], name=name)
    files[name] = reseal(files[name], manifest | {"description": "Another."}, name=name)
    return _wheel(release, folder, files, f"{name} has ")


def _changed_module(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel) | {_MODULE: _OTHER_CODE}
    return _wheel(release, folder, files, f"{_MODULE} has {len(_OTHER_CODE)} bytes")


def _changed_configuration(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel)
    files["regression_model/config.yml"] += b"# another line\n"
    return _wheel(release, folder, recorded(files), "was trained with another config.yml")


def _added_file(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel) | {"regression_model/added.py": _OTHER_CODE}
    says = "regression_model/added.py is in the wheel and not in RECORD"
    return _wheel(release, folder, files, says)


def _removed_file(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel)
    del files[_MODULE]
    return _wheel(release, folder, files, f"{_MODULE} is in RECORD and not in the wheel")


def _line_without_hash(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel) | {_MODULE: _OTHER_CODE}
    record = _about(files, "RECORD")
    lines = files[record].decode().splitlines(keepends=True)
    edited = [f"{_MODULE},,\n" if line.startswith(f"{_MODULE},") else line for line in lines]
    files[record] = "".join(edited).encode()
    return _wheel(release, folder, files, f"RECORD has no SHA-256 of {_MODULE}")


def _same_name_twice(release: Release, folder: Path) -> Tampered:
    files = [*_files_of(release.wheel).items(), (_MODULE, _OTHER_CODE)]
    place = write_wheel(folder / release.wheel.name, files)
    return Tampered((str(place),), f"{_MODULE} is there twice")


def _path_outside(release: Release, folder: Path) -> Tampered:
    files = recorded(_files_of(release.wheel) | {"../outside.py": _OTHER_CODE})
    return _wheel(release, folder, files, "leads outside of the folder")


def _bytes_beside_files(release: Release, folder: Path) -> Tampered:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr(_MODULE, _OTHER_CODE)
    place = folder / release.wheel.name
    place.write_bytes(hidden.getvalue() + release.wheel.read_bytes())
    return Tampered((str(place),), "that belong to no file")


def _truncated_wheel(release: Release, folder: Path) -> Tampered:
    place = folder / release.wheel.name
    place.write_bytes(release.wheel.read_bytes()[:-100])
    return Tampered((str(place),), "is truncated, or is not a wheel")


def _renamed_wheel(release: Release, folder: Path) -> Tampered:
    name, _, rest = release.wheel.name.split("-", 2)
    place = folder / f"{name}-99.0.0-{rest}"
    shutil.copy(release.wheel, place)
    return Tampered((str(place),), "The name of the file says ")


def _without_sbom(release: Release, folder: Path) -> Tampered:
    files = {n: c for n, c in _files_of(release.wheel).items() if ".dist-info/sboms/" not in n}
    return _wheel(release, folder, recorded(files), "There is no SBOM")


def _sbom_of_another_version(release: Release, folder: Path) -> Tampered:
    files = _files_of(release.wheel)
    (name,) = (name for name in files if name.endswith(".cdx.json"))
    document = json.loads(files[name])
    document["metadata"]["component"]["version"] = "99.0.0"
    files[name] = json.dumps(document).encode()
    return _wheel(release, folder, recorded(files), " 99.0.0 and not of ")


# Signatures


def _signature_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sig")


def _signed(release: Release, spoilt: Tampered, signature: Path | None) -> Tampered:
    """Put a signature beside a file, and verify with the key of the release."""
    (place,) = spoilt.arguments
    if signature is not None:
        shutil.copy(signature, f"{place}.sig")
    return Tampered((place, "--key", str(release.key)), spoilt.says)


def _copy(release: Release, folder: Path, says: str) -> Tampered:
    return Tampered((str(shutil.copy(release.wheel, folder / release.wheel.name)),), says)


def _rewritten_wheel(release: Release, folder: Path) -> Tampered:
    files = recorded(_files_of(release.wheel) | {_MODULE: _OTHER_CODE})
    spoilt = _wheel(release, folder, files, "is not of this file")
    return _signed(release, spoilt, _signature_of(release.wheel))


def _other_key(release: Release, folder: Path) -> Tampered:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = ec.generate_private_key(ec.SECP256R1())
    key = folder / "other.key"
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    spoilt = _copy(release, folder, "was made with another key")
    return _signed(release, spoilt, sign(release.wheel, key=key, output=folder / "other.sig"))


def _signature_of_another_file(release: Release, folder: Path) -> Tampered:
    spoilt = _copy(release, folder, "is not of this file")
    return _signed(release, spoilt, _signature_of(release.model))


def _signature_left_out(release: Release, folder: Path) -> Tampered:
    return _signed(release, _copy(release, folder, "There is no signature"), None)


def _changed_signature(release: Release, folder: Path) -> Tampered:
    bundle = json.loads(_signature_of(release.wheel).read_bytes())
    other = json.loads(_signature_of(release.model).read_bytes())
    bundle["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]
    changed = folder / "changed.sig"
    changed.write_text(json.dumps(bundle), encoding="utf-8")
    return _signed(release, _copy(release, folder, "was changed: it is not valid"), changed)


# Installations


def _changed_installation(release: Release, folder: Path) -> Tampered:
    site = folder / "site"
    with zipfile.ZipFile(release.wheel) as archive:
        archive.extractall(site)  # as installing it does
    module = bytearray((site / _MODULE).read_bytes())
    module[3] ^= 1  # in the first sentence: as long as it was, and as good to run
    (site / _MODULE).write_bytes(module)
    return Tampered((), f"{_MODULE} was changed", {"PYTHONPATH": str(site)})


TAMPERINGS: Mapping[str, Tampering] = {
    "a flipped byte in the graph": _flipped_byte,
    "an edited manifest": _edited_manifest,
    "an edited manifest under a new seal": _edited_and_resealed,
    "a truncated model file": _truncated_model,
    "a model file of a newer format": _newer_format,
    "a foreign ONNX file": _foreign_onnx,
    "a foreign operator under a new seal": _foreign_operator,
    "another model in the wheel": _resealed_in_wheel,
    "a changed module in the wheel": _changed_module,
    "a changed configuration in the wheel": _changed_configuration,
    "a file added to the wheel": _added_file,
    "a file removed from the wheel": _removed_file,
    "a line of RECORD without a hash": _line_without_hash,
    "a name that is twice in the wheel": _same_name_twice,
    "a path that leads outside": _path_outside,
    "another archive hidden in the wheel": _bytes_beside_files,
    "a truncated wheel": _truncated_wheel,
    "a wheel renamed to another version": _renamed_wheel,
    "a wheel without its SBOM": _without_sbom,
    "the SBOM of another version": _sbom_of_another_version,
    "a changed wheel with a RECORD to match": _rewritten_wheel,
    "the signature of another key": _other_key,
    "the signature of another file": _signature_of_another_file,
    "a signature left out": _signature_left_out,
    "a changed signature": _changed_signature,
    "a changed file in the installed package": _changed_installation,
}
