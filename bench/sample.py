"""Makes the files that the bench backs up: the same ones for the same seed and scale.

At scale 1: 20 000 small files (0.2 GB), 200 medium ones (0.8 GB) and 2 large ones (1 GB), of text, JSON lines, binary
records and bytes that do not compress, in the shares of SHARES. Nothing repeats from file to file.
"""

import json
import os
import random
import struct
import sys

MIB = 1 << 20
SHARES = {"txt": 35, "json": 30, "bin": 15, "gz": 20}
SLICE = 64 * 1024


class Source:
    """Bytes of one kind, cut from a pool at random places, so that making 2 GB takes seconds."""

    def __init__(self, rng, kind, size=24 * MIB):
        self.rng = rng
        self.kind = kind
        self.pool = b"" if kind == "gz" else MAKERS[kind](rng, size)

    def take(self, size):
        if self.kind == "gz":
            return self.rng.randbytes(size)
        parts = []
        while size > 0:
            length = min(size, self.rng.randrange(SLICE // 16, SLICE))
            start = self.rng.randrange(len(self.pool) - length)
            parts.append(self.pool[start:start + length])
            size -= length
        return b"".join(parts)


def make_text(rng, size):
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(rng.choices(letters, range(26, 0, -1), k=rng.randrange(2, 11))) for _ in range(20_000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    return fill(size, lambda: (" ".join(rng.choices(words, weights, k=4000)) + ".\n").encode())


def make_json(rng, size):
    def lines():
        return "".join(json.dumps({
            "id": rng.randrange(10 ** 12), "time": f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:00:00Z",
            "level": rng.choice(["info", "warning", "error"]), "host": f"node-{rng.randrange(40)}",
            "value": round(rng.random() * 1000, 6), "digest": f"{rng.getrandbits(128):032x}",
            "tags": rng.sample(["malware", "phishing", "botnet", "c2", "apt", "benign"], 2)}) + "\n" for _ in range(500)).encode()
    return fill(size, lines)


def make_binary(rng, size):
    def records():
        return b"".join(struct.pack("<QIIdHH", rng.randrange(1 << 40), rng.randrange(1000), 0, rng.random(), rng.randrange(50), 7) for _ in range(2000))
    return fill(size, records)


def fill(size, block):
    parts, done = [], 0
    while done < size:
        parts.append(block())
        done += len(parts[-1])
    return b"".join(parts)


MAKERS = {"txt": make_text, "json": make_json, "bin": make_binary}


def make(root, seed, scale):
    """Makes the tree below root; what a former call finished is kept."""
    done = f"{root}.made"
    stamp = f"{seed} {scale}"
    if os.path.exists(done) and open(done).read() == stamp:
        return
    rng = random.Random(seed)
    sources = {kind: Source(rng, kind) for kind in SHARES}

    def write(path, size, kind):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            while size > 0:
                file.write(sources[kind].take(min(size, 8 * MIB)))
                size -= 8 * MIB

    def kinds(count):
        return rng.choices(list(SHARES), list(SHARES.values()), k=count)

    small = int(20_000 * scale)
    for number, kind in enumerate(kinds(small)):
        write(f"{root}/small/{number % 200:03}/{number:05}.{kind}", int(rng.lognormvariate(8.6, 1.1)) + 1, kind)
    for number, kind in enumerate(kinds(max(1, int(200 * scale)))):
        write(f"{root}/medium/{number:03}.{kind}", rng.randrange(2 * MIB, 6 * MIB), kind)
    for number, kind in enumerate(["txt", "json"]):
        write(f"{root}/large/{number}.{kind}", int(500 * MIB * scale), kind)
    with open(done, "w") as file:
        file.write(stamp)


def change(root, seed):
    """Changes 1 % of the bytes: half of them in whole small files, half in stretches of 64 KiB anywhere in the others."""
    rng = random.Random(seed + 1)
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    budget = sum(map(os.path.getsize, paths)) // 200
    small = [path for path in paths if path.startswith(f"{root}/small/")]
    others = [path for path in paths if not path.startswith(f"{root}/small/")]
    weights = list(map(os.path.getsize, others))
    left = budget
    for path in rng.sample(small, len(small)):
        if left <= 0:
            break
        left -= overwrite(path, 0, rng.randbytes(os.path.getsize(path)))
    left = budget
    while left > 0:
        path = rng.choices(others, weights)[0]
        left -= overwrite(path, rng.randrange(max(1, os.path.getsize(path) - SLICE)), rng.randbytes(SLICE))
    os.remove(f"{root}.made")


def overwrite(path, offset, content):
    with open(path, "r+b") as file:
        file.seek(offset)
        return file.write(content)


if __name__ == "__main__":
    # sample.py make FOLDER SEED SCALE, or sample.py change FOLDER SEED
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        change(sys.argv[2], int(sys.argv[3]))
