"""Secrets at rest: AES-256-GCM, under a key that lies in a file and in no database.

NIST SP 800-38D; the nonce is random, 96 bits, new for every text.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pantheon.base.errors import ProblemType

KEY_FILE_UNUSABLE = ProblemType("key_file_unusable", 503, "The key file cannot be used")

KEY_BYTES = 32
NONCE_BYTES = 12
FORM = b"\x01"


class SealBroken(Exception):
    """A sealed text was made with another key, for another place, or was changed."""


def read_key(path: Path) -> bytes | None:
    """Return the key in a file, `None` where there is no file.

    Raises `key_file_unusable` where it cannot be read or holds no key.
    """
    try:
        text = path.read_text("ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no key"
        raise KEY_FILE_UNUSABLE(
            f"'{path}' cannot be used: {why}. It holds {KEY_BYTES * 2} hexadecimal digits, and its"
            " owner alone can read it. Take it from a backup: without it no provider key that was"
            " entered in the page can be read."
        ) from error
    if len(key) != KEY_BYTES:
        raise KEY_FILE_UNUSABLE(f"'{path}' holds {len(key)} bytes, not {KEY_BYTES}.")
    return key


def ensure_key(path: Path) -> bytes:
    """Return the key in a file; the first to ask makes it. Only its owner can read the file.

    Raises `key_file_unusable`.
    """
    key = read_key(path)
    if key is not None:
        return key
    # A link appears at once and whole, and of two processes only one can make it.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    except OSError as error:
        raise KEY_FILE_UNUSABLE(f"'{path}' cannot be made: {error.strerror}.") from error
    made = read_key(path)
    assert made is not None, "it was made just now, by us or by another process"
    return made


def seal(key: bytes, text: str, *place: str) -> bytes:
    """Return `text` encrypted; it opens with the same key for the same `place` only."""
    # 50 ms to load: only processes that need it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return bytes(FORM + nonce + AESGCM(key).encrypt(nonce, text.encode(), _associated(place)))


def unseal(key: bytes, sealed: bytes, *place: str) -> str:
    """Return what was sealed. Raises SealBroken."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not sealed.startswith(FORM) or len(sealed) < len(FORM) + NONCE_BYTES:
        raise SealBroken("it is not of a form that is known here")
    nonce, encrypted = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return bytes(AESGCM(key).decrypt(nonce, encrypted, _associated(place))).decode()
    except InvalidTag as error:
        raise SealBroken("it was sealed with another key, or for another place") from error


def _associated(place: tuple[str, ...]) -> bytes:
    return "\x00".join(place).encode()
