# distutils: language = c++
# cython: language_level=3, freethreading_compatible=True
"""The benchmark module made with Cython."""

include "functions.pxi"


cdef class Num:
    """An int."""

    cdef public int64_t x

    def __cinit__(self, int64_t x):
        self.x = x

    def value(self):
        return self.x

    def plus(self, int64_t other):
        return wrapping_add(self.x, other)

    def __add__(self, other):
        if not isinstance(other, Num):
            return NotImplemented
        return Num(wrapping_add(self.x, (<Num>other).x))

    def __eq__(self, other):
        if not isinstance(other, Num):
            return NotImplemented
        return self.x == (<Num>other).x

    def __len__(self):
        return self.x

    def __getitem__(self, int64_t index):
        return wrapping_add(self.x, index)


def through(Num num not None):
    """Takes an instance by reference and returns a new one."""
    return Num(num.x)


cdef class Items:
    """An iterator over the ints from 0 on."""

    cdef int64_t next
    cdef int64_t end

    def __cinit__(self, int64_t end):
        self.end = end

    def __iter__(self):
        return self

    def __next__(self):
        if self.next == self.end:
            raise StopIteration
        self.next += 1
        return self.next - 1
