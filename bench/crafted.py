"""Writes snapshots into a repository of restic's format, faster than any program makes them, by the OpenSSL library.

Each has a folder with one file of its own, a pack of data, a pack of trees and an index file, as a run that found one
small change leaves them.
Source: restic, doc/design.rst.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import json
import os
import struct

CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("EVP_aes_256_ctr", "EVP_aes_128_ecb", "EVP_CIPHER_CTX_new"):
    getattr(CRYPTO, name).restype = ctypes.c_void_p


def encrypt(cipher, key, start, text):
    context = ctypes.c_void_p(CRYPTO.EVP_CIPHER_CTX_new())
    output, count = ctypes.create_string_buffer(len(text) + 32), ctypes.c_int()
    CRYPTO.EVP_EncryptInit_ex(context, ctypes.c_void_p(cipher()), None, key, start)
    CRYPTO.EVP_EncryptUpdate(context, output, ctypes.byref(count), text, len(text))
    CRYPTO.EVP_CIPHER_CTX_free(context)
    return output.raw[:len(text)]


def poly1305(r, nonce, text):
    """The tag of a text: RFC 8439, 2.5, with restic's masked r and the encrypted nonce."""
    r = int.from_bytes(r, "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(text), 16):
        total = (total + int.from_bytes(text[i:i + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(nonce, "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


class Repository:
    def __init__(self, path, master_key):
        key = json.loads(master_key)
        self.path = path
        self.encryption = base64.b64decode(key["encrypt"])
        self.k, self.r = (base64.b64decode(key["mac"][name]) for name in "kr")

    def seal(self, text):
        start = os.urandom(16)
        sealed = encrypt(CRYPTO.EVP_aes_256_ctr, self.encryption, start, text)
        return start + sealed + poly1305(self.r, encrypt(CRYPTO.EVP_aes_128_ecb, self.k, None, start), sealed)

    def store(self, kind, content):
        name = hashlib.sha256(content).hexdigest()
        folder = f"{self.path}/data/{name[:2]}" if kind == "data" else f"{self.path}/{kind}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{name}", "wb") as file:
            file.write(content)
        return name

    def store_blob(self, kind, text):
        """A pack of one blob; returns the blob's id, and the pack as an index lists it."""
        blob, sealed = hashlib.sha256(text), self.seal(text)
        header = self.seal(struct.pack("<BI", 1 if kind == "tree" else 0, len(sealed)) + blob.digest())
        pack = self.store("data", sealed + header + struct.pack("<I", len(header)))
        entry = {"id": blob.hexdigest(), "type": kind, "offset": 0, "length": len(sealed)}
        return blob.hexdigest(), {"id": pack, "blobs": [entry]}

    def store_tree(self, node):
        times = dict.fromkeys(("mtime", "atime", "ctime"), "2026-01-01T00:00:00Z")
        node = {"name": "", "type": "", "mode": 0o644, **times, "uid": 0, "gid": 0, **node}
        return self.store_blob("tree", json.dumps({"nodes": [node]}, separators=(",", ":")).encode() + b"\n")

    def add_snapshots(self, count):
        for number in range(count):
            text = f"the file of snapshot {number}\n".encode()
            data, first = self.store_blob("data", text)
            tree, second = self.store_tree({"name": "file", "type": "file", "size": len(text), "content": [data]})
            self.store("index", self.seal(json.dumps({"packs": [first, second]}).encode()))
            time = f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
            snapshot = {"time": time, "tree": tree, "paths": ["/"], "hostname": "bench"}
            self.store("snapshots", self.seal(json.dumps(snapshot).encode()))
