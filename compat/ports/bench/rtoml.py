import rtoml

DATA = {
    "title": "example",
    "owner": {"name": "Ada", "active": True},
    "ports": list(range(100)),
    "servers": {f"server-{n}": {"ip": f"10.0.0.{n}", "load": n / 7} for n in range(20)},
}
SMALL = 'name = "Ada"\nage = 36\n'
TEXT = rtoml.dumps(DATA)

BENCHMARKS = {
    "read two keys": "rtoml.loads(SMALL)",
    "read a file": "rtoml.loads(TEXT)",
    "write a file": "rtoml.dumps(DATA)",
}
