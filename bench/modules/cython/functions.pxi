# The functions of the benchmark module, in Cython.

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int32_t, int64_t, uint64_t
from libcpp.string cimport string
from libcpp.unordered_map cimport unordered_map
from libcpp.vector cimport vector


cdef inline int64_t wrapping_add(int64_t a, int64_t b) noexcept nogil:
    return <int64_t>(<uint64_t>a + <uint64_t>b)


def nothing():
    pass


def add(int64_t a, int64_t b):
    return wrapping_add(a, b)


def int_kw(int64_t a, int64_t b=1):
    return <int64_t>(<uint64_t>a - <uint64_t>b)


def eight(int64_t a, double b, str c not None, bint d, int32_t e, double f, g, str h not None):
    cdef Py_ssize_t c_size, h_size
    cdef int64_t g_value = 0
    PyUnicode_AsUTF8AndSize(c, &c_size)
    PyUnicode_AsUTF8AndSize(h, &h_size)
    if g is not None:
        g_value = g
    return a + <int64_t>b + c_size + d + e + <int64_t>f + g_value + h_size


def varargs(*args, **kwargs):
    return len(args) + len(kwargs)


def str_len(str text not None):
    cdef Py_ssize_t size
    PyUnicode_AsUTF8AndSize(text, &size)
    return size


cdef const char *TEXT = "some text of ASCII letters"


def text():
    return TEXT[:26].decode("utf-8")


def list_sum(list values not None):
    cdef Py_ssize_t size = len(values)
    cdef Py_ssize_t i
    cdef int64_t total = 0
    cdef vector[int64_t] native
    native.reserve(size)
    for value in values:
        native.push_back(value)
    for i in range(<Py_ssize_t>native.size()):
        total = wrapping_add(total, native[i])
    return total


def floats():
    cdef double[100] values
    cdef int i
    for i in range(100):
        values[i] = i
    return [value for value in values]


def dict_sum(dict values not None):
    cdef unordered_map[string, int64_t] native
    cdef int64_t total = 0
    cdef const char *utf8
    cdef Py_ssize_t size
    for key, value in values.items():
        utf8 = PyUnicode_AsUTF8AndSize(key, &size)
        native[string(utf8, size)] = value
    for entry in native:
        total = wrapping_add(total, entry.second)
    return total


def fail():
    raise ValueError("no")


def call(function):
    cdef int64_t value = function(1)
    return value
