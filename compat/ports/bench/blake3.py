from blake3 import blake3

SHORT, LONG = bytes(64), bytes(1024)
HASHER = blake3()

BENCHMARKS = {
    "nothing": "blake3().digest()",
    "64 bytes": "blake3(SHORT).digest()",
    "64 bytes, as hex": "blake3(SHORT).hexdigest()",
    "1 KiB": "blake3(LONG).digest()",
    "add 64 bytes": "HASHER.update(SHORT)",
    "keyed": "blake3(SHORT, key=SHORT[:32]).digest()",
}
