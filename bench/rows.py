"""The rows of the function, class and conversion groups: the timed statement and its operands.

A row's statement is compiled separately for each module, so that code specialized for one module's
objects does not run with another's. Its names are local variables.
"""

from dataclasses import dataclass, replace
from itertools import repeat
from time import thread_time


@dataclass(frozen=True)
class Row:
    """One row: `setup` runs once, with the module as `m`; `statement` is timed."""

    group: str
    name: str
    title: str
    statement: str
    setup: str = ""
    # Evaluated before the timing, and compared with `expected`.
    check: str = ""
    expected: object = None
    # The peers that have what the row measures; all if empty.
    peers: tuple = ()
    # Whether its instructions are counted: not if it takes milliseconds.
    counted: bool = True

    @property
    def id(self):
        return f"{self.group}/{self.name}"

    def of(self, modules):
        """Returns the modules, by the peer's name, that this row is measured with."""
        return {name: m for name, m in modules.items() if not self.peers or name in self.peers}

    def namespace(self, module):
        """Runs `setup` and `check`. Returns the names that the statement uses."""
        names = {"m": module}
        exec(self.setup, names)
        if self.check:
            got = eval(self.check, names)
            if got != self.expected or type(got) is not type(self.expected):
                raise AssertionError(
                    f"{module.__name__}: {self.check} is {got!r}, not {self.expected!r}"
                )
        return names

    def timer(self, module):
        """Returns a function that runs the statement `count` times and returns the seconds."""
        return make_timer(self.statement, self.namespace(module))


TIMER = """\
def timer(_count, _clock=_clock, _repeat=_repeat, {arguments}):
    _times = _repeat(None, _count)
    _start = _clock()
    for _ in _times:
{statement}
    return _clock() - _start
"""


def make_timer(statement, namespace):
    """Compiles the timer of a statement."""
    indented = "\n".join("        " + line for line in statement.splitlines())
    names = [name for name in namespace if name != "m" and not name.startswith("_")]
    arguments = ", ".join(f"{name}={name}" for name in names)
    scope = dict(namespace, _clock=thread_time, _repeat=repeat)
    exec(TIMER.format(arguments=arguments, statement=indented), scope)
    return scope["timer"]


def _function(name, title, statement, setup, check=None, expected=None):
    return Row("functions", name, title, statement, setup, check or statement, expected)


def _class(name, title, statement, setup, check, expected):
    return Row("classes", name, title, statement, setup, check, expected)


def _conversion(name, title, statement, setup, check=None, expected=None):
    peers = ("pyo3", "pyatoll")
    return Row("conversions", name, title, statement, setup, check or statement, expected, peers)


def _large(name, title, statement, setup, check, expected):
    row = _conversion(f"large-{name}", title, statement, setup, check, expected)
    return replace(row, counted=False)


# Runs a coroutine that suspends at most once.
_RUN = """\
def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value
"""

_NUM = "Num = m.Num\na = Num(3)\nb = Num(4)\n"

_DATETIME = "import datetime as d\nv = d.datetime(2024, 2, 29, 12, 30, 15"

ROWS = [
    _function("no-arguments", "no arguments", "f()", "f = m.nothing"),
    _function("two-ints", "two ints", "f(1, 2)", "f = m.add", expected=3),
    _function("int-and-keyword", "int and keyword", "f(1, b=2)", "f = m.int_kw", expected=-1),
    _function(
        "eight-mixed",
        "eight mixed",
        "f(1, 2.5, 'three', True, 5, 6.5, None, 'eight')",
        "f = m.eight",
        expected=25,
    ),
    _function("varargs", "`*args`, `**kwargs`", "f(1, 2, x=3)", "f = m.varargs", expected=3),
    _function("str", "`&str`", "f(s)", "f = m.str_len\ns = 'a text of letters'", expected=17),
    _function(
        "return-str", "returning a string", "f()", "f = m.text", expected="some text of ASCII letters"
    ),
    _function(
        "vec-from-list",
        "`Vec<i64>` of 100 from a list",
        "f(v)",
        "f = m.list_sum\nv = list(range(1000, 1100))",
        expected=sum(range(1000, 1100)),
    ),
    _function(
        "list-of-floats",
        "list of 100 floats back",
        "f()",
        "f = m.floats",
        expected=[float(i) for i in range(100)],
    ),
    _function(
        "map-from-dict",
        "dict of 100 to a map",
        "f(d)",
        "f = m.dict_sum\nd = {str(i): i for i in range(100)}",
        expected=sum(range(100)),
    ),
    _function(
        "raise",
        "raising an error",
        "try:\n    f()\nexcept E:\n    pass",
        """\
f = m.fail
E = ValueError
def raises():
    try:
        f()
    except E as error:
        return str(error)
""",
        check="raises()",
        expected="no",
    ),
    _function(
        "callback",
        "calling a Python function",
        "f(g)",
        "f = m.call\ndef g(x): return x",
        expected=1,
    ),
    _class("construct", "construct", "Num(7)", _NUM, "Num(7).x", 7),
    _class("method", "method, no argument", "a.value()", _NUM, "a.value()", 3),
    _class("method-int", "method, one int", "a.plus(2)", _NUM, "a.plus(2)", 5),
    _class("getter", "getter", "a.x", _NUM, "a.x", 3),
    _class("setter", "setter", "a.x = 3", _NUM, "setattr(b, 'x', 9) or b.x", 9),
    _class("add", "`a + b`", "a + b", _NUM, "(a + b).x", 7),
    _class("len", "`len`", "len(a)", _NUM + "len = len", "len(a)", 3),
    _class("getitem", "`x[i]`", "a[5]", _NUM, "a[5]", 8),
    _class(
        "iterate",
        "iteration over 1,000",
        "for _x in Items(1000): pass",
        "Items = m.Items",
        "list(Items(1000))",
        list(range(1000)),
    ),
    _class("compare", "compare", "a == b", _NUM + "b = Num(3)", "(a == b, a == Num(8))", (True, False)),
    _class("in-and-out", "class in and out", "f(a)", _NUM + "f = m.through", "f(a).x", 3),
    _class(
        "inherited",
        "subclass calls an inherited method",
        "c.value()",
        _NUM + "class Sub(Num): pass\nc = Sub(3)",
        "(c.value(), isinstance(c, Num))",
        (3, True),
    ),
    _conversion("bigint-in", "`BigInt` from an int", "f(v)", "f = m.big_bits\nv = -7 << 997", expected=1000),
    _conversion("bigint-out", "`BigInt` to an int", "f()", "f = m.big", expected=-7 << 997),
    _conversion("datetime-new", "`PyDateTime::new`", "f()", "f = m.date", "str(f())", "2024-02-29 12:30:15.000007"),
    _conversion(
        "chrono-naive-in",
        "`NaiveDateTime` from a datetime",
        "f(v)",
        f"f = m.naive_seconds\n{_DATETIME})",
        expected=1709209815,
    ),
    _conversion(
        "chrono-naive-out",
        "`NaiveDateTime` to a datetime",
        "f(1709209815)",
        "f = m.naive",
        "str(f(1709209815))",
        "2024-02-29 12:30:15",
    ),
    _conversion(
        "chrono-utc-in",
        "`DateTime<Utc>` from a datetime",
        "f(v)",
        f"f = m.utc_seconds\n{_DATETIME}, tzinfo=d.timezone.utc)",
        expected=1709209815,
    ),
    _conversion(
        "chrono-utc-out",
        "`DateTime<Utc>` to a datetime",
        "f(1709209815)",
        "f = m.utc",
        "str(f(1709209815))",
        "2024-02-29 12:30:15+00:00",
    ),
    _conversion(
        "buffer", "`PyBuffer<u8>` of 100, copied", "f(v)", "f = m.buffer_len\nv = bytearray(100)", expected=100
    ),
    _conversion(
        "backed-str", "`PyBackedStr`", "f(v)", "f = m.backed_str_len\nv = 'a text of letters'", expected=17
    ),
    _conversion(
        "backed-bytes", "`PyBackedBytes`", "f(v)", "f = m.backed_bytes_len\nv = b'some bytes'", expected=10
    ),
    _conversion(
        "uuid-in",
        "`Uuid` from a UUID",
        "f(v)",
        "import uuid\nf = m.uuid_half\nv = uuid.UUID(int=5 << 64)",
        expected=5,
    ),
    _conversion(
        "uuid-out",
        "`Uuid` to a UUID",
        "f(5)",
        "f = m.uuid_of",
        "str(f(5))",
        "00000000-0000-0005-0000-000000000007",
    ),
    _conversion(
        "decimal-in",
        "`Decimal` from a Decimal",
        "f(v)",
        "import decimal\nf = m.decimal_scale\nv = decimal.Decimal('12.345')",
        expected=3,
    ),
    _conversion(
        "decimal-out", "`Decimal` to a Decimal", "f(5)", "f = m.decimal", "str(f(5))", "0.005"
    ),
    _conversion("coroutine", "`async fn`, run", "run(f(7))", _RUN + "f = m.ready", expected=7),
    _conversion(
        "await",
        "`async fn`, awaited",
        "run(g())",
        _RUN + "f = m.ready\nasync def g(): return await f(7)",
        expected=7,
    ),
    _conversion("suspended", "`async fn`, suspended once", "run(f())", _RUN + "f = m.pause"),
    _large(
        "ints-in",
        "`Vec<i64>` of 100,000 from a list",
        "f(v)",
        "f = m.large_ints_in\nv = list(range(1000, 101000))",
        "f(v)",
        100000,
    ),
    _large(
        "ints-out", "`Vec<i64>` of 100,000 to a list", "f()", "f = m.large_ints_out", "f()[-1]", 100999
    ),
    _large(
        "map-in",
        "`HashMap<i64, i64>` of 100,000 from a dict",
        "f(d)",
        "f = m.large_map_in\nd = {i: -i for i in range(100000)}",
        "f(d)",
        100000,
    ),
    _large(
        "map-out",
        "`HashMap<i64, i64>` of 100,000 to a dict",
        "f()",
        "f = m.large_map_out",
        "f()[99999]",
        -99999,
    ),
    _large(
        "strings-in",
        "`Vec<String>` of 100,000 from a list",
        "f(v)",
        "f = m.large_texts_in\nv = [f'item {i}' for i in range(100000)]",
        "f(v)",
        100000,
    ),
    _large(
        "strings-out",
        "`Vec<String>` of 100,000 to a list",
        "f()",
        "f = m.large_texts_out",
        "f()[-1]",
        "item 99999",
    ),
    _large(
        "string-in",
        "`String` of 100,000 letters from a str",
        "f(s)",
        "f = m.large_text_in\ns = 'ä' * 100000",
        "f(s)",
        200000,
    ),
    _large(
        "string-out",
        "`&str` of 100,000 letters to a str",
        "f()",
        "f = m.large_text_out",
        "len(f())",
        100000,
    ),
    _large(
        "instances-in",
        "`Vec<PyRef>` of 100,000 from a list",
        "f(v)",
        "f = m.large_instances_in\nv = m.large_instances_out()",
        "f(v)",
        4999950000,
    ),
    _large(
        "instances-out",
        "`Vec` of 100,000 instances to a list",
        "f()",
        "f = m.large_instances_out",
        "len(f())",
        100000,
    ),
]
