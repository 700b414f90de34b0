"""Bundles as somebody else makes them: well, and ill on purpose. Written from docs/snapshots.md, not from the server's code."""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

CONTEXT = b"berth bundle manifest, version 1"
MADE = 1_700_000_000


class Signer:
    """An Ed25519 key of openssl's."""

    def __init__(self, directory):
        self.file = Path(directory) / "key.pem"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.file)
        self.public = run("openssl", "pkey", "-in", self.file, "-pubout", "-outform", "DER")[-32:].hex()

    def sign(self, message):
        with tempfile.NamedTemporaryFile() as text:
            text.write(bytes([len(CONTEXT)]) + CONTEXT + message)
            text.flush()
            return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", text.name)


def run(*words, data=None):
    return subprocess.run([str(word) for word in words], input=data, check=True, capture_output=True).stdout


def header(name, size, kind=b"0", link=b""):
    block = bytearray(512)
    for at, text in ((0, name.encode()), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"), (124, b"%011o\0" % size),
                     (136, b"%011o\0" % MADE), (148, b" " * 8), (156, kind), (157, link), (257, b"ustar\x0000")):
        block[at:at + len(text)] = text
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name, data, **more):
    return header(name, len(data), **more) + data + bytes(-len(data) % 512)


def manifest(signer, parts, about=None):
    """`parts`: (name, bytes). Canonical JSON: keys in order, no spaces."""
    rows = [{"bytes": len(data), "kind": "document", "name": name, "sha256": hashlib.sha256(data).hexdigest()} for name, data in parts]
    return json.dumps({"about": about or {"title": "Foreign"}, "form": "berth bundle", "made": "2023-11-14T22:13:20Z", "parts": rows,
                       "signer": {"key": signer.public, "name": "elsewhere"}, "version": 1}, separators=(",", ":"), sort_keys=True).encode()


def packed(tar):
    return run("zstd", "-q", "-c", "--check", "-3", data=tar)


def bundle(signer, parts, members=None, signature=None, head=None, about=None):
    """`members`: the bytes behind the signature, when they are not the parts as they should be."""
    head = manifest(signer, parts, about) if head is None else head
    digits = (signer.sign(head) if signature is None else signature).hex().encode() + b"\n"
    body = b"".join(member("parts/" + name, data) for name, data in parts) if members is None else members
    return packed(member("manifest.json", head) + member("manifest.sig", digits) + body + bytes(1024))
