"""The cost of compiling a large module: nanobind's published microbenchmark, for every peer.

The module has 720 functions of six arguments, one for each order of six number types, that return
their sum; or 720 classes whose constructor takes the six, with a method that returns the sum. For
each of the two, in each profile, it measures the CPU seconds to compile the module with all
libraries compiled before, the same after a change of one function, and the size of the stripped
binary. Prints JSON.

The profiles are `release`, with the settings that the peer recommends, and `debug`. nanobind's
recommended settings optimize for size, and Rust's for speed: the profiles `speed` of the one and
`size` of the other are for comparisons at equal optimization. `smallest` has the settings that the
guide's chapter on size ends up with.
"""

import argparse
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

# The name in C and C++, the name in Rust, and the name of the argument.
TYPES = [
    ("uint16_t", "u16", "a"),
    ("int32_t", "i32", "b"),
    ("uint32_t", "u32", "c"),
    ("int64_t", "i64", "d"),
    ("uint64_t", "u64", "e"),
    ("float", "f32", "f"),
]
ORDERS = list(enumerate(itertools.permutations(TYPES)))
HERE = Path(__file__).resolve().parent


def c_arguments(order):
    return ", ".join(f"{c} {name}" for c, _, name in order)


def c_sum(order, edit, prefix=""):
    terms = [f"(float) {prefix}{name}" for _, _, name in order]
    return " + ".join(terms + (["1.0f"] if edit else []))


# ---- C++


def cpp(kind, edit, class_, init, module):
    lines = []
    if kind == "functions":
        body = [
            f'    m.def("f{i}", []({c_arguments(o)}) {{ return {c_sum(o, edit and i == 0)}; }});'
            for i, o in ORDERS
        ]
    else:
        for i, o in ORDERS:
            fields = "; ".join(f"{c} {name}" for c, _, name in o)
            inits = ", ".join(f"{name}({name})" for _, _, name in o)
            lines += [
                f"struct C{i} {{",
                f"    {fields};",
                f"    C{i}({c_arguments(o)}) : {inits} {{}}",
                f"    float sum() const {{ return {c_sum(o, edit and i == 0)}; }}",
                "};",
            ]
        body = [
            f'    {class_}<C{i}>(m, "C{i}").def({init}<{", ".join(c for c, _, _ in o)}>())'
            f'.def("sum", &C{i}::sum);'
            for i, o in ORDERS
        ]
    return "\n".join(["#include <cstdint>", *lines, f"{module} {{", *body, "}", ""])


def pybind11(kind, edit):
    text = cpp(kind, edit, "py::class_", "py::init", "PYBIND11_MODULE(micro, m)")
    return "#include <pybind11/pybind11.h>\nnamespace py = pybind11;\n" + text


def nanobind(kind, edit):
    text = cpp(kind, edit, "nb::class_", "nb::init", "NB_MODULE(micro, m)")
    return "#include <nanobind/nanobind.h>\nnamespace nb = nanobind;\n" + text


# ---- C

C_HEAD = """\
#include <Python.h>
#include <stdint.h>

static int to_uint64_t(PyObject *o, uint64_t *v) {
    *v = PyLong_AsUnsignedLongLong(o);
    return *v == (uint64_t)-1 && PyErr_Occurred() ? -1 : 0;
}
static int to_int64_t(PyObject *o, int64_t *v) {
    *v = PyLong_AsLongLong(o);
    return *v == -1 && PyErr_Occurred() ? -1 : 0;
}
static int overflow(void) {
    PyErr_SetString(PyExc_OverflowError, "the number does not fit");
    return -1;
}
static int to_int32_t(PyObject *o, int32_t *v) {
    int64_t w;
    if (to_int64_t(o, &w) < 0) return -1;
    *v = (int32_t)w;
    return *v == w ? 0 : overflow();
}
static int to_uint32_t(PyObject *o, uint32_t *v) {
    int64_t w;
    if (to_int64_t(o, &w) < 0) return -1;
    *v = (uint32_t)w;
    return *v == w ? 0 : overflow();
}
static int to_uint16_t(PyObject *o, uint16_t *v) {
    int64_t w;
    if (to_int64_t(o, &w) < 0) return -1;
    *v = (uint16_t)w;
    return *v == w ? 0 : overflow();
}
static int to_float(PyObject *o, float *v) {
    double w = PyFloat_AsDouble(o);
    *v = (float)w;
    return w == -1.0 && PyErr_Occurred() ? -1 : 0;
}
static int six(Py_ssize_t n) {
    if (n == 6) return 0;
    PyErr_Format(PyExc_TypeError, "6 arguments are needed (%zd given)", n);
    return -1;
}
"""

C_MODULE = """\
static PyModuleDef_Slot slots[] = {{ {exec}
    {{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED}}, {{0, NULL}} }};
static struct PyModuleDef module_def = {{ PyModuleDef_HEAD_INIT, .m_name = "micro",
    .m_methods = {methods}, .m_slots = slots }};
PyMODINIT_FUNC PyInit_micro(void) {{ return PyModuleDef_Init(&module_def); }}
"""


def c(kind, edit):
    lines = [C_HEAD]
    if kind == "functions":
        for i, o in ORDERS:
            declared = " ".join(f"{c} {name};" for c, _, name in o)
            tests = " || ".join(
                ["six(n) < 0", *(f"to_{c}(args[{k}], &{name}) < 0" for k, (c, _, name) in enumerate(o))]
            )
            lines += [
                f"static PyObject *f{i}(PyObject *m, PyObject *const *args, Py_ssize_t n) {{",
                f"    {declared}",
                f"    if ({tests}) return NULL;",
                f"    return PyFloat_FromDouble({c_sum(o, edit and i == 0)});",
                "}",
            ]
        lines += ["static PyMethodDef methods[] = {"]
        lines += [
            f'    {{"f{i}", (PyCFunction)(void (*)(void))f{i}, METH_FASTCALL, NULL}},'
            for i, _ in ORDERS
        ]
        lines += ["    {NULL} };", C_MODULE.format(exec="", methods="methods")]
        return "\n".join(lines)
    lines += [
        "static void dealloc(PyObject *o) {",
        "    PyTypeObject *t = Py_TYPE(o); t->tp_free(o); Py_DECREF(t);",
        "}",
    ]
    for i, o in ORDERS:
        fields = " ".join(f"{c} {name};" for c, _, name in o)
        tests = " || ".join(
            f"to_{c}(PyTuple_GET_ITEM(args, {k}), &v.{name}) < 0"
            for k, (c, _, name) in enumerate(o)
        )
        copies = " ".join(f"self->{name} = v.{name};" for _, _, name in o)
        lines += [
            f"typedef struct {{ PyObject_HEAD {fields} }} C{i};",
            f"static PyObject *new{i}(PyTypeObject *t, PyObject *args, PyObject *kwargs) {{",
            f"    struct {{ {fields} }} v;",
            f"    if (six(PyTuple_GET_SIZE(args)) < 0 || {tests}) return NULL;",
            f"    C{i} *self = (C{i} *)t->tp_alloc(t, 0);",
            f"    if (self != NULL) {{ {copies} }}",
            "    return (PyObject *)self;",
            "}",
            f"static PyObject *sum{i}(PyObject *o, PyObject *none) {{",
            f"    C{i} *self = (C{i} *)o;",
            f"    return PyFloat_FromDouble({c_sum(o, edit and i == 0, 'self->')});",
            "}",
            f'static PyMethodDef methods{i}[] = {{ {{"sum", sum{i}, METH_NOARGS, NULL}}, {{NULL}} }};',
            f"static PyType_Slot slots{i}[] = {{ {{Py_tp_new, new{i}}}, {{Py_tp_dealloc, dealloc}},",
            f"    {{Py_tp_methods, methods{i}}}, {{0, NULL}} }};",
            f'static PyType_Spec spec{i} = {{ .name = "micro.C{i}", .basicsize = sizeof(C{i}),',
            f"    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .slots = slots{i} }};",
        ]
    specs = ", ".join(f"&spec{i}" for i, _ in ORDERS)
    lines += [
        f"static PyType_Spec *specs[] = {{ {specs} }};",
        "static int exec(PyObject *m) {",
        "    for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {",
        "        PyObject *t = PyType_FromModuleAndSpec(m, specs[i], NULL);",
        "        int status = t == NULL ? -1 : PyModule_AddType(m, (PyTypeObject *)t);",
        "        Py_XDECREF(t);",
        "        if (status < 0) return -1;",
        "    }",
        "    return 0;",
        "}",
        C_MODULE.format(exec="{Py_mod_exec, exec},", methods="NULL"),
    ]
    return "\n".join(lines)


# ---- Cython


def cython(kind, edit):
    lines = [
        "# cython: language_level=3",
        "from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t",
    ]
    for i, o in ORDERS:
        terms = [f"<float>{{}}{name}" for _, _, name in o] + (["1.0"] if edit and i == 0 else [])
        sum = " + ".join(terms)
        if kind == "functions":
            lines += [f"def f{i}({c_arguments(o)}):", f"    return {sum.replace('{}', '')}"]
        else:
            lines += [f"cdef class C{i}:"]
            lines += [f"    cdef {c} {name}" for c, _, name in o]
            lines += [f"    def __init__(self, {c_arguments(o)}):"]
            lines += [f"        self.{name} = {name}" for _, _, name in o]
            lines += ["    def sum(self):", f"        return {sum.replace('{}', 'self.')}"]
    return "\n".join([*lines, ""])


# ---- Rust


def rust(kind, edit):
    lines = ["#[pyo3::pymodule]", "mod micro {", "    use pyo3::prelude::*;"]
    for i, o in ORDERS:
        arguments = ", ".join(f"{name}: {r}" for _, r, name in o)
        terms = [f"{{}}{name} as f32" if r != "f32" else f"{{}}{name}" for _, r, name in o]
        sum = " + ".join(terms + (["1.0"] if edit and i == 0 else []))
        if kind == "functions":
            lines += [
                "    #[pyfunction]",
                f"    fn f{i}({arguments}) -> f32 {{ {sum.replace('{}', '')} }}",
            ]
        else:
            names = ", ".join(name for _, _, name in o)
            lines += [
                "    #[pyclass]",
                f"    struct C{i} {{ {arguments} }}",
                "    #[pymethods]",
                f"    impl C{i} {{",
                f"        #[new] fn new({arguments}) -> Self {{ Self {{ {names} }} }}",
                f"        fn sum(&self) -> f32 {{ {sum.replace('{}', 'self.')} }}",
                "    }",
            ]
    return "\n".join([*lines, "}", ""])


# ---- building


def spent(command, env):
    """Runs a command. Returns its CPU seconds and its wall-clock seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    clock = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed\n{done.stdout.decode()[-4000:]}")
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"processor": own, "clock": clock}


class CMakeBuild:
    """A build with CMake, in the way that the peer's own documentation recommends."""

    def __init__(self, peer, folder, kind, profile, options):
        self.source = folder / ("micro." + {"c": "c", "cython": "pyx"}.get(peer, "cpp"))
        self.target = "micro"
        self.build = folder / profile
        self.env = None
        configure = [options.cmake, "-G", "Ninja", "-S", HERE / "micro", "-B", self.build]
        configure += [f"-DPEER={peer}", f"-DSOURCE={self.source}"]
        configure += [f"-DCMAKE_BUILD_TYPE={'Debug' if profile == 'debug' else 'Release'}"]
        configure += ["-DNOMINSIZE=NOMINSIZE"] if profile == "speed" else []
        configure += [f"-DPython_EXECUTABLE={sys.executable}"]
        configure += [f"-DCMAKE_MAKE_PROGRAM={options.ninja}"]
        self.source.touch()
        spent(configure, None)
        if peer == "nanobind":
            spent([options.cmake, "--build", self.build, "--target", "nanobind-static"], None)
        self.command = [options.cmake, "--build", self.build, "--target", "micro"]

    def library(self):
        (found,) = self.build.glob("micro*.so")
        return found


class CargoBuild:
    """A build with Cargo, with the settings of bench/Cargo.toml."""

    def __init__(self, peer, folder, kind, profile, options):
        self.source = folder / "src/lib.rs"
        self.source.parent.mkdir(exist_ok=True)
        is_smallest = profile == "smallest"
        # Other flags for the compiler would invalidate the builds of the other profiles.
        self.target_dir = folder.parent / ("cargo-smallest" if is_smallest else "cargo")
        self.profile = profile
        self.crate = f"micro_{kind}_{peer}"
        crates = HERE.parent / "crates/pyatoll"
        dependency = {
            "pyo3": '"=0.30.1"',
            "pyatoll": f'{{ package = "pyatoll", path = "{crates}" }}',
        }[peer]
        settings = (HERE / "Cargo.toml").read_text().split("[profile.release]")[1]
        (folder / "Cargo.toml").write_text(f"""\
[package]
name = "{self.crate}"
version = "0.0.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[dependencies]
pyo3 = {dependency}
[workspace]
[profile.release]{settings}
[profile.size]
inherits = "release"
opt-level = "s"
[profile.smallest]
inherits = "release"
opt-level = "z"
""")
        self.command = [options.cargo, "build", "--manifest-path", folder / "Cargo.toml"]
        self.command += ["--target-dir", self.target_dir]
        self.command += [] if profile == "debug" else ["--profile", profile]
        self.env = {name: text for name, text in os.environ.items() if name != "CARGO_INCREMENTAL"}
        self.env["PYO3_PYTHON"] = options.python
        # The module does not link to libpython, as in a wheel.
        self.env["PYO3_BUILD_EXTENSION_MODULE"] = "1"
        if is_smallest:
            self.env["RUSTFLAGS"] = "-C link-arg=-Wl,-z,pack-relative-relocs"
        # Compiles everything but the module itself.
        self.source.write_text("")
        spent(self.command, self.env)

    def library(self):
        return self.target_dir / self.profile / f"lib{self.crate}.so"


# How a peer's source is generated and built, and in which profiles.
PEERS = {
    "c": (c, CMakeBuild, ["release", "debug"]),
    "pybind11": (pybind11, CMakeBuild, ["release", "debug"]),
    "nanobind": (nanobind, CMakeBuild, ["release", "debug", "speed"]),
    "cython": (cython, CMakeBuild, ["release", "debug"]),
    "pyo3": (rust, CargoBuild, ["release", "debug", "size", "smallest"]),
    "pyatoll": (rust, CargoBuild, ["release", "debug", "size", "smallest"]),
}


def stripped_size(library):
    """Returns the size of the library without symbols."""
    copy = library.with_suffix(".stripped")
    shutil.copyfile(library, copy)
    subprocess.run(["strip", copy], check=True)
    return copy.stat().st_size


def check(library, kind, edited):
    """Imports the built module and calls its first and last function or class."""
    path = library.parent / "check"
    path.mkdir(exist_ok=True)
    shutil.copyfile(library, path / "micro.so")
    call = "micro.f0" if kind == "functions" else "micro.C0"
    end = "" if kind == "functions" else ".sum()"
    source = f"import micro; assert {call}(1, 2, 3, 4, 5, 6.0){end} == {22.0 if edited else 21.0}"
    source += f"; assert {call.replace('0', '719')}(6.0, 5, 4, 3, 2, 1){end} == 21.0"
    subprocess.run([sys.executable, "-c", source], cwd=path, check=True)


def parser():
    """Returns the parser of the options that building a module takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--cargo", required=True)
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--ninja", required=True)
    parser.add_argument("--python", required=True)
    return parser


def main():
    options = parser().parse_args()
    results = []
    for peer in options.peers.split(","):
        generate, build_type, profiles = PEERS[peer]
        for kind in ["functions", "classes"]:
            for profile in profiles:
                print(f"==> {peer}: {kind}, {profile}", file=sys.stderr, flush=True)
                folder = options.folder / f"{peer}-{kind}"
                folder.mkdir(parents=True, exist_ok=True)
                build = build_type(peer, folder, kind, profile, options)
                build.source.write_text(generate(kind, False))
                full = spent(build.command, build.env)
                check(build.library(), kind, False)
                build.source.write_text(generate(kind, True))
                again = spent(build.command, build.env)
                check(build.library(), kind, True)
                results.append(
                    {
                        "peer": peer,
                        "kind": kind,
                        "profile": profile,
                        "full": full,
                        "again": again,
                        "size": stripped_size(build.library()),
                    }
                )
                print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
