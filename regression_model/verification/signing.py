"""Signatures beside files: Sigstore bundles, made and checked offline with a key on a curve.

The bundle holds the SHA-256 of the file and not its name, so a file that is renamed together with
its signature is still the one that was signed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from base64 import b64decode
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..errors import VerificationError
from ..extras import needs
from .result import Check

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

__all__ = ["PASSWORD_VARIABLE", "make_signature", "signature_check", "signature_path"]

PASSWORD_VARIABLE = "REGRESSION_MODEL_KEY_PASSWORD"

_CURVES = {"secp256r1", "secp384r1", "secp521r1"}
_NOT_ON_A_CURVE = "is not a key on one of the elliptic curves P-256, P-384 and P-521."


def signature_path(path: Path) -> Path:
    """Return where the signature of a file is unless another place is named."""
    return path.with_name(f"{path.name}.sig")


def make_signature(path: Path, *, key: Path) -> bytes:
    """Return the signature of a file.

    Parameters
    ----------
    key : private key in PEM form; its password, if it has one, is taken from the environment

    Raises
    ------
    MissingExtraError
        Without the extra verify.
    VerificationError
        When the key cannot be used.
    """
    with needs("verify"):
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from model_signing import signing
    text = _read(key)
    secret = None
    if b"ENCRYPTED" in text:
        password = os.environ.get(PASSWORD_VARIABLE)
        if password is None:
            raise VerificationError(
                f"{key} is protected by a password: put it into the environment variable "
                f"{PASSWORD_VARIABLE}."
            )
        secret = password.encode()
    try:
        private = load_pem_private_key(text, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "is not a private key in PEM form"
        if secret is not None:
            reason = f"cannot be opened with the password in {PASSWORD_VARIABLE}"
        raise VerificationError(f"{key} {reason}.") from None
    if not isinstance(private, EllipticCurvePrivateKey) or private.curve.name not in _CURVES:
        raise VerificationError(f"{key} {_NOT_ON_A_CURVE}")
    configuration = signing.Config()  # type: ignore[no-untyped-call]
    signer = configuration.use_elliptic_key_signer(
        private_key=key,
        password=secret,  # type: ignore[arg-type] # it hands it on to cryptography, as bytes
    )
    with TemporaryDirectory(prefix="regression-model-") as folder:
        made = Path(folder, "signature")
        signer.sign(path.resolve(), made)
        return made.read_bytes()


def signature_check(path: Path, content: bytes, *, key: Path, signature: Path | None) -> Check:
    """Check the signature of a file.

    Parameters
    ----------
    content : the bytes of the file as the other checks have seen them
    key : public key in PEM form
    signature : where the signature is, if not beside the file

    Raises
    ------
    MissingExtraError
        Without the extra verify.
    VerificationError
        When the key cannot be used, or there is no file where the signature should be.
    """
    with needs("verify"):
        from cryptography.exceptions import InvalidSignature
        from model_signing import verifying
    own = _fingerprint(_public_key(key))
    place = signature or signature_path(path)
    if signature is None and not place.exists():
        return Check("signature", "refused", f"There is no signature: {place} does not exist.")
    bundle = _read(place)
    digest = hashlib.sha256(content).hexdigest()
    configuration = verifying.Config()  # type: ignore[no-untyped-call]
    verifier = configuration.use_elliptic_key_verifier(public_key=key)
    try:
        with redirect_stdout(io.StringIO()):  # where the library writes its own warnings
            verifier.verify(path.resolve(), place)
        is_valid = _signed_digest(bundle) == digest
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, InvalidSignature):
        is_valid = False
    if is_valid:
        return Check("signature", "ok", f"Signed with the key {own}.")
    return Check("signature", "refused", _reason(place, path, bundle, own=own, digest=digest))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerificationError(f"{path} cannot be read: {error.strerror or error}.") from None


def _public_key(path: Path) -> EllipticCurvePublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    text = _read(path)
    if b"PRIVATE KEY" in text:
        raise VerificationError(f"{path} is a private key: verify with the public one.")
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        raise VerificationError(f"{path} is not a public key in PEM form.") from None
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise VerificationError(f"{path} {_NOT_ON_A_CURVE}")
    return key


def _fingerprint(key: EllipticCurvePublicKey) -> str:
    """Return the SHA-256 of a public key, as signatures name it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(text).hexdigest()


def _signed_digest(bundle: bytes) -> str | None:
    """Return the SHA-256 that a signature is of; None if it is not that of one file."""
    statement: Any = json.loads(b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))
    resources = statement["predicate"]["resources"]
    if len(resources) != 1 or resources[0]["algorithm"] != "sha256":
        return None
    return str(resources[0]["digest"])


def _reason(place: Path, path: Path, bundle: bytes, *, own: str, digest: str) -> str:
    """Say why a signature that was refused does not fit; it is not trusted for that."""
    try:
        key = json.loads(bundle)["verificationMaterial"]["publicKey"]["hint"]
        signed = _signed_digest(bundle)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"{place.name} is not a signature made with a key."
    if key != own:
        return f"{place.name} was made with another key."
    if signed != digest:
        return f"{place.name} is not of this file: {path.name} is another, or was changed."
    return f"{place.name} was changed: it is not valid."
