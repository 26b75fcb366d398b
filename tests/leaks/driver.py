"""Creates, uses and ends interpreters with and without a module, and prints the memory they leak.

Run by `cargo xtask leaks`, which builds the modules: `driver.py FOLDER CYCLES BLOCK`. Prints one JSON
object a line: {"progress": …} for each block, and at the end {"kinds": …}.

Memory is measured in two ways: the resident pages of the process, without those that `malloc` holds
free, and the bytes allocated with `malloc`, which include all of Python's own memory with
`PYTHONMALLOC=malloc`.

The kinds take turns, a block of cycles each, so that unrelated growth is spread evenly.
"""

import ctypes
import json
import os
import struct
import sys
import textwrap

if sys.version_info >= (3, 13):
    import _interpreters

    def create():
        return _interpreters.create("isolated")

    def execute(interpreter, code):
        error = _interpreters.exec(interpreter, code)
        assert error is None, error.formatted

else:
    import _xxsubinterpreters as _interpreters

    def create():
        return _interpreters.create(isolated=True)

    def execute(interpreter, code):
        _interpreters.run_string(interpreter, code)


# The code of every cycle: the same text with or without a module, since 3.13 never frees the names
# that it interns for code.
FRAME = """
import sys, time, struct, os
sys.path.insert(0, {folder!r})
sys.unraisablehook = lambda unraisable: None
name = {name!r}
# Of this thread's processor: other programs may slow down any of the imports.
start = time.thread_time()
m = __import__(name) if name else None
taken = time.thread_time() - start

def use():
{use}

def use_of_pyatoll():
{use_of_pyatoll}

if name:
    use()
if name == "leaks_pyatoll":
    use_of_pyatoll()
if {kept} == 1:
    m.keep([])
if {kept} == 2:
    m.keep_shared([])
os.write({descriptor}, struct.pack("d", taken))
"""

# Uses every kind of entry point that both modules have.
USE = """
assert m.nothing() is None and m.one(1) == 2 and m.two(1, second=2) == 3
assert m.shapes(1) == 6 and m.shapes(1, 2, 9, third=4, more=1) == 9
assert m.name() == m.__name__ and m.ANSWER == 42
assert m.call_back(lambda n: n + 1) == 2
assert m.count() == 1 and m.count() == 2
assert m.once() is m.once() and m.once()["made"] == "once"
for bad in (lambda: m.one("text"), lambda: m.two(1), lambda: m.shapes()):
    try:
        bad()
    except TypeError:
        pass
    else:
        raise AssertionError
try:
    m.fails()
except m.Failure as error:
    assert type(error) is m.Refusal and str(error) == "refused"
p = m.Point(1, y=2)
p.x = 3
p.extra = p
assert p.moved(m.Point(1, 1)) == m.Point(4, 3) and p != m.Point() and m.Point.DIMENSIONS == 2
assert repr(p) == "Point(3, 2)" and m.Point.diagonal(2.0).y == 2 and m.Point.class_name() == "Point"
class Sub(m.Point):
    def moved(self, by):
        return super().moved(by)
s = Sub(1, 1)
s.own = s
assert s.moved(p).x == 4 and Sub.class_name() == "Sub"
assert {m.Frozen(1): 2}[m.Frozen(1)] == 2
n = m.Node()
n.next = [n, m.Node()]
assert m.Number(1) + 2 == 3 and m.Number(1) - 2 == -1 and -m.Number(1) == -1 and int(m.Number(7)) == 7
series = m.Series(3)
assert len(series) == 3 and series[2] == 2 and 1 in series and 3 not in series
assert sorted(series) == [0, 1, 2]
assert m.Adder(1)(2) == 3
tagged = m.Tagged(a=1)
tagged["self"] = tagged
assert tagged["a"] == 1 and tagged.tag == 5
assert m.Color.Red != m.Color.Blue and int(m.Color.Green) == 2
"""

# Uses those without a counterpart in C.
USE_OF_PYATOLL = """
try:
    m.panics()
except BaseException as error:
    assert type(error).__name__ == "PanicException"
assert m.thread([m]) > 0
# Sizes that would show: a value that goes on to the next interpreter, one that only a cycle holds,
# tickets that are redeemed and that are not.
store = m.Store(50_000)
left = m.exchange(store)
assert left is None or len(left) == 50_000 and left != store
redeem, ticket = store.__reduce__()
assert redeem(*ticket) == store
kept = [store, m.Store(60_000), store.__reduce__(), m.Store(70_000).__reduce__()]
kept.append(kept)
"""

# The module of each kind of cycle, and which handle outlives the interpreter: none, a `Py`, or a
# `PyArc`.
KINDS = {
    "bare": ("", 0),
    "c": ("leaks_c", 0),
    "pyatoll": ("leaks_pyatoll", 0),
    "py": ("leaks_pyatoll", 1),
    "pyarc": ("leaks_pyatoll", 2),
}

# Cycles of this kind leak 1.8 MB each: there are fewer.
FEW = "py"


def resident():
    """Returns the resident memory of the process in bytes, after `malloc` has returned what is free.

    Otherwise it depends on the order of all frees when `malloc` returns pages: by up to a hundred of
    them in a block of cycles.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Mallinfo(ctypes.Structure):
    """The result of glibc's `mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def allocated():
    """Returns the bytes allocated with `malloc`, or 0 where they are unknown."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = Mallinfo
    found = mallinfo()
    return found.uordblks + found.hblkhd


def cycle(kind, folder, read, write):
    """Creates, uses and ends an interpreter. Returns the import's processor time in seconds."""
    interpreter = create()
    name, kept = KINDS[kind]
    code = FRAME.format(
        folder=folder,
        name=name,
        kept=kept,
        use=textwrap.indent(USE, "    "),
        use_of_pyatoll=textwrap.indent(USE_OF_PYATOLL, "    "),
        descriptor=write,
    )
    execute(interpreter, code)
    _interpreters.destroy(interpreter)
    return struct.unpack("d", os.read(read, 8))[0]


def main(folder, cycles, block):
    read, write = os.pipe()
    blocks = max(1, cycles // block)
    pages, heap, imports = ({kind: [] for kind in KINDS} for _ in range(3))
    def measure(number, kind, length):
        before = resident(), allocated()
        taken = [cycle(kind, folder, read, write) for _ in range(length)]
        after = resident(), allocated()
        # The first round only fills caches.
        if number >= 0:
            pages[kind].append((after[0] - before[0]) / length)
            heap[kind].append((after[1] - before[1]) / length)
            imports[kind] += taken

    for number in range(-1, blocks):
        # Alternate the order, so that no kind always follows the same one.
        order = [kind for kind in KINDS if kind != FEW]
        if number % 2:
            order.reverse()
        for kind in order:
            measure(number, kind, block)
        print(json.dumps({"progress": (number + 1) * block}), flush=True)
    # Last: the arenas that stay behind would disturb the pages of the others.
    for number in range(-1, blocks):
        measure(number, FEW, max(2, block // 10))
    kinds = {
        kind: {"pages": pages[kind], "heap": heap[kind], "imports": imports[kind]} for kind in KINDS
    }
    print(json.dumps({"kinds": kinds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
