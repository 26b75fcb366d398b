# distutils: language = c++
# cython: language_level=3, subinterpreters_compatible=own_gil
"""The benchmark module made with Cython for interpreters with GILs of their own: its functions only.

With a `cdef class` in it, what Cython 3.3.1 makes corrupts the heap when a second interpreter
imports it, even if the class is empty.
"""

include "functions.pxi"
