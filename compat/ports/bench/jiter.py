import json

from jiter import from_json

RECORD = {"id": 7, "name": "Ada Lovelace", "score": 9.75, "active": True, "tags": ["a", "b"]}
SMALL = json.dumps(RECORD).encode()
RECORDS = json.dumps([{**RECORD, "id": n, "note": f"note {n}"} for n in range(200)]).encode()
INTEGERS = json.dumps([n * 7919 for n in range(2000)]).encode()
FLOATS = json.dumps([n / 7 for n in range(2000)]).encode()
STRINGS = json.dumps([f"string number {n}" for n in range(2000)]).encode()

BENCHMARKS = {
    "a small object": "from_json(SMALL)",
    "200 objects": "from_json(RECORDS)",
    "2,000 integers": "from_json(INTEGERS)",
    "2,000 floats": "from_json(FLOATS)",
    "2,000 strings": "from_json(STRINGS)",
    "2,000 strings, not cached": "from_json(STRINGS, cache_mode=False)",
}
