# distutils: language = c++
# cython: language_level=3, subinterpreters_compatible=own_gil
"""The functions of the benchmark module made with Cython, for interpreters with their own GIL.

With a `cdef class` in it, even an empty one, the module that Cython 3.3.1 generates corrupts the
heap when a second interpreter imports it.
"""

include "functions.pxi"
