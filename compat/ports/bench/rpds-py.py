from rpds import HashTrieMap, HashTrieSet, List

KEYS = [f"key {n}" for n in range(1000)]
MAP = HashTrieMap({key: n for n, key in enumerate(KEYS)})
SET = HashTrieSet(KEYS)
LIST = List(KEYS)

BENCHMARKS = {
    "get": "MAP['key 500']",
    "is in": "'key 500' in MAP",
    "insert": "MAP.insert('new', 1)",
    "remove": "MAP.remove('key 500')",
    "iterate over 1,000": "list(MAP)",
    "make a map of 1,000": "HashTrieMap.convert(dict.fromkeys(KEYS))",
    "set: is in": "'key 500' in SET",
    "set: insert": "SET.insert('new')",
    "list: push": "LIST.push_front(1)",
    "list: first": "LIST.first",
}
