"""
Objects that all interpreters of a process share.
"""

import queue
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import GenericAlias
from typing import Any, Generic, SupportsFloat, SupportsIndex, TypeVar, final, overload

__all__ = [
    "Array",
    "Closed",
    "Counter",
    "DeadlockError",
    "Empty",
    "Event",
    "Full",
    "InterpreterEnding",
    "Lock",
    "Map",
    "Once",
    "OwnerDied",
    "Queue",
    "RWLock",
    "ReadLock",
    "WriteLock",
]

_T = TypeVar("_T")
_K = TypeVar("_K")
_V = TypeVar("_V")
_D = TypeVar("_D")

@final
class Array:
    """
    Numbers of one type that all interpreters share, of a fixed length.

    Each element is read and written atomically. A `memoryview` of it is the same memory, in every
    interpreter.
    """
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Any]: ...
    def __iter__(self, /) -> Iterator[Any]: ...
    def __len__(self, /) -> int: ...
    def __new__(cls, /, typecode: str, init: int | Iterable[Any]) -> Array:
        """
        Creates an array of a length, with zeros, or of the numbers of an iterable.

        `typecode` is one of `b B h H i I l L q Q f d ?`, as in the modules `array` and `struct`.
        """
    def __repr__(self, /) -> str: ...
    def __setitem__(self, key: SupportsIndex | slice, value: Any, /) -> None: ...
    def compare_and_set(self, /, index: SupportsIndex, old: Any, new: Any) -> bool:
        """
        Sets an element to `new` if it is `old`, atomically. Returns whether it was.
        """
    def fetch_add(self, /, index: SupportsIndex, n: Any | None = None) -> Any:
        """
        Adds a number to an element, atomically. Returns the value before.

        Raises `OverflowError`, and changes nothing, if the sum has no room.
        """
    @property
    def itemsize(self, /) -> int:
        """
        The size of an element, in bytes.
        """
    def tolist(self, /) -> list[Any]:
        """
        Returns a list of the elements.
        """
    @property
    def typecode(self, /) -> str:
        """
        The type of the elements.
        """

class Closed(Exception):
    """
    The queue is closed: it takes no items, and has none left.
    """

@final
class Counter:
    """
    An integer of 64 bits that all interpreters share. Each method is atomic.

    A result that has no room raises `OverflowError`, and changes nothing.
    """
    def __int__(self, /) -> int: ...
    def __new__(cls, /, value: SupportsIndex = 0) -> Counter:
        """
        Creates a counter with a value.
        """
    def __repr__(self, /) -> str: ...
    def add(self, /, n: SupportsIndex = 1) -> int:
        """
        Adds a number. Returns the new value.
        """
    def compare_and_set(self, /, old: SupportsIndex, new: SupportsIndex) -> bool:
        """
        Sets the value to `new` if it is `old`. Returns whether it was.
        """
    def decrement(self, /) -> int:
        """
        Subtracts 1. Returns the new value.
        """
    def exchange(self, /, value: SupportsIndex) -> int:
        """
        Sets the value. Returns the one before.
        """
    def increment(self, /) -> int:
        """
        Adds 1. Returns the new value.
        """
    def sub(self, /, n: SupportsIndex = 1) -> int:
        """
        Subtracts a number. Returns the new value.
        """
    @property
    def value(self, /) -> int:
        """
        The value.
        """

class DeadlockError(RuntimeError):
    """
    This thread would wait for itself.
    """

class Empty(queue.Empty):
    """
    The queue has no item, and none came in time.
    """

@final
class Event:
    """
    A flag that all interpreters share, with the methods of `threading.Event`.
    """
    def __new__(cls, /) -> Event:
        """
        Creates an event that is not set.
        """
    def __repr__(self, /) -> str: ...
    def clear(self, /) -> None:
        """
        Resets the event.
        """
    def is_set(self, /) -> bool:
        """
        Returns whether the event is set.
        """
    def set(self, /) -> None:
        """
        Sets the event. All threads that wait go on.
        """
    def wait(self, /, timeout: SupportsFloat | SupportsIndex | None = None) -> bool:
        """
        Waits until the event is set, for at most `timeout` seconds if there is one. Returns whether
        it is set.
        """

class Full(queue.Full):
    """
    The queue has no room for another item, and there was none in time.
    """

class InterpreterEnding(RuntimeError):
    """
    The interpreter has begun to end, so it cannot wait any longer.
    """

@final
class Lock:
    """
    A lock that all interpreters share. It is held by a thread in an interpreter.

    If the holder ends without releasing it, the next `acquire` gets the lock and raises
    `OwnerDied`: repair what the lock protects, then release it. Until then, `with` raises
    `OwnerDied` without getting the lock.
    """
    def __enter__(self, /) -> bool: ...
    def __exit__(self, /, *_exception: object) -> None: ...
    def __new__(cls, /) -> Lock:
        """
        Creates a lock that nobody holds.
        """
    def __repr__(self, /) -> str: ...
    def acquire(self, /, blocking: bool = True, timeout: SupportsFloat | SupportsIndex = -1.0) -> bool:
        """
        Acquires the lock, and returns whether it did. Waits while it is held: not at all without
        `blocking`, else for `timeout` seconds, or without a limit if that is -1.

        Raises `DeadlockError` if this thread holds it, and `OwnerDied` if its holder has ended:
        then this thread has it now.
        """
    def locked(self, /) -> bool:
        """
        Returns whether a thread holds the lock.
        """
    def release(self, /) -> None:
        """
        Releases the lock.

        Raises `RuntimeError` if this thread does not hold it.
        """

@final
class Map(Generic[_K, _V]):
    """
    A mapping that all interpreters share. Any number of them read it at the same time.

    It has the methods of a `dict`, but no order. `keys`, `values` and `items` return lists of what
    is in it; changes that others make at the same time may be missing. Each method is atomic for
    one key.
    """
    @classmethod
    def __class_getitem__(cls, other: Any, /) -> GenericAlias: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __delitem__(self, key: _K, /) -> None: ...
    def __getitem__(self, key: _K, /) -> _V: ...
    def __iter__(self, /) -> Iterator[_K]:
        """
        Returns an iterator over the keys that are in the map now.
        """
    def __len__(self, /) -> int: ...
    def __new__(cls, entries: Map[_K, _V] | Mapping[_K, _V] | Iterable[tuple[_K, _V]] | None = None, /) -> Map[_K, _V]:
        """
        Creates a map, with the entries of a mapping or of pairs.
        """
    def __repr__(self, /) -> str: ...
    def __setitem__(self, key: _K, value: _V, /) -> None: ...
    def add(self, key: _K, n: _V | None = None, /) -> _V:
        """
        Adds a number to that of a key, and returns the sum. A key without a value has 0.
        """
    def clear(self, /) -> None:
        """
        Removes all entries that are in the map now.
        """
    def compare_and_set(self, /, key: _K, old: _V, new: _V) -> bool:
        """
        Stores `new` for a key if its value is `old`. Returns whether it was.
        """
    @overload
    def get(self, key: _K, default: None = None, /) -> _V | None:
        """
        Returns the value of a key, or `default` if there is none.
        """
    @overload
    def get(self, key: _K, default: _D, /) -> _V | _D: ...
    def get_or_insert(self, /, key: _K, factory: Callable[[], _V]) -> _V:
        """
        Returns the value of a key. If it has none, calls `factory` and stores its result, unless
        another thread stores one first: then returns that.
        """
    def items(self, /) -> list[tuple[_K, _V]]:
        """
        Returns a list of pairs of keys and values.
        """
    def keys(self, /) -> list[_K]:
        """
        Returns a list of the keys.
        """
    def pop(self, /, key: _K, *default: _D) -> _V | _D:
        """
        Removes a key and returns its value. Without one, returns the second argument, or raises
        `KeyError` if there is none.
        """
    def setdefault(self, key: _K, default: _V | None = None, /) -> _V:
        """
        Returns the value of a key; stores `default` for it first if it has none.
        """
    def update(self, entries: Map[_K, _V] | Mapping[_K, _V] | Iterable[tuple[_K, _V]] | None = None, /, **named: Any) -> None:
        """
        Stores the entries of a mapping or of pairs, and those given by name.
        """
    def values(self, /) -> list[_V]:
        """
        Returns a list of the values.
        """

@final
class Once(Generic[_T]):
    """
    A value that the first thread of any interpreter to ask for it computes, for all of them.

    The function runs in the interpreter of that thread. Other threads wait for its result. If it
    raises, or its thread or interpreter ends, the next thread calls its own.
    """
    @classmethod
    def __class_getitem__(cls, other: Any, /) -> GenericAlias: ...
    def __new__(cls, /) -> Once[_T]:
        """
        Creates one without a value.
        """
    def __repr__(self, /) -> str: ...
    @overload
    def get(self, /, default: None = None) -> _T | None:
        """
        Returns the value, or `default` if there is none yet.
        """
    @overload
    def get(self, /, default: _D) -> _T | _D: ...
    def get_or_init(self, /, function: Callable[[], _T]) -> _T:
        """
        Returns the value. If there is none, calls `function` without arguments and stores its
        result; if another thread is doing so, waits for it.

        Raises what the function raises, and `DeadlockError` if the function of this thread asks for
        the value.
        """
    def is_set(self, /) -> bool:
        """
        Returns whether there is a value.
        """

class OwnerDied(RuntimeError):
    """
    The holder of the lock ended without releasing it: what the lock protects may be inconsistent.
    """

@final
class Queue(Generic[_T]):
    """
    A first-in, first-out queue that all interpreters share, with the methods of `queue.Queue`.

    With a `maxsize` above 0, `put` waits while there are as many items.
    """
    @classmethod
    def __class_getitem__(cls, other: Any, /) -> GenericAlias: ...
    def __iter__(self, /) -> Queue[_T]:
        """
        Returns the queue: iterating over it gets items until it is closed and has none left.
        """
    def __len__(self, /) -> int: ...
    def __new__(cls, /, maxsize: SupportsIndex = 0) -> Queue[_T]:
        """
        Creates a queue of at most `maxsize` items; of any number, if it is 0.
        """
    def __next__(self, /) -> _T: ...
    def __repr__(self, /) -> str: ...
    def close(self, /) -> None:
        """
        Closes the queue for good: `put` raises `Closed`, and so does `get` once the items that are
        in it are gone. Threads that wait do so now.
        """
    @property
    def closed(self, /) -> bool:
        """
        Whether the queue is closed.
        """
    def empty(self, /) -> bool:
        """
        Returns whether there are no items.
        """
    def full(self, /) -> bool:
        """
        Returns whether there are `maxsize` items.
        """
    def get(self, /, block: bool = True, timeout: SupportsFloat | SupportsIndex | None = None) -> _T:
        """
        Removes and returns the first item. Waits while the queue is empty: not at all without
        `block`, else for `timeout` seconds, or without a limit.

        Raises `Empty` if none came in time, and `Closed` if the queue is closed and has none left.
        """
    def get_nowait(self, /) -> _T:
        """
        Removes and returns the first item if there is one: `get(False)`.
        """
    @property
    def maxsize(self, /) -> int:
        """
        The maximum number of items; 0 if there is none.
        """
    def put(self, /, item: _T, block: bool = True, timeout: SupportsFloat | SupportsIndex | None = None) -> None:
        """
        Adds an item. Waits while the queue is full: not at all without `block`, else for `timeout`
        seconds, or without a limit.

        Raises `Full` if there was no room in time, and `Closed` if the queue is closed.
        """
    def put_nowait(self, /, item: _T) -> None:
        """
        Adds an item if there is room: `put(item, False)`.
        """
    def qsize(self, /) -> int:
        """
        Returns the number of items.
        """

@final
class RWLock:
    """
    A lock that all interpreters share, for one writer or any number of readers.

    Writers go before new readers. A thread that reads may acquire it for reading again. If a writer
    ends without releasing it, the next `acquire_write` gets the lock and raises `OwnerDied`: repair
    what the lock protects, then release it. Until then, everything else raises `OwnerDied` without
    getting the lock. A reader that ends leaves nothing behind.
    """
    def __new__(cls, /) -> RWLock:
        """
        Creates a lock that nobody holds.
        """
    def __repr__(self, /) -> str: ...
    def acquire_read(self, /, blocking: bool = True, timeout: SupportsFloat | SupportsIndex = -1.0) -> bool:
        """
        Acquires the lock for reading, and returns whether it did. The arguments are those of
        `Lock.acquire`.

        Raises `DeadlockError` if this thread writes, and `OwnerDied` if a writer has ended without
        releasing the lock.
        """
    def acquire_write(self, /, blocking: bool = True, timeout: SupportsFloat | SupportsIndex = -1.0) -> bool:
        """
        Acquires the lock for writing, and returns whether it did. The arguments are those of
        `Lock.acquire`.

        Raises `DeadlockError` if this thread writes or reads, and `OwnerDied` if a writer has ended
        without releasing the lock: then this thread has it now.
        """
    def read(self, /) -> ReadLock:
        """
        Returns a context manager that reads.
        """
    def release_read(self, /) -> None:
        """
        Ends reading.

        Raises `RuntimeError` if this thread does not read.
        """
    def release_write(self, /) -> None:
        """
        Ends writing.

        Raises `RuntimeError` if this thread does not write.
        """
    def write(self, /) -> WriteLock:
        """
        Returns a context manager that writes.
        """

@final
class ReadLock:
    """
    A context manager that acquires an `RWLock` for reading.
    """
    def __enter__(self, /) -> bool: ...
    def __exit__(self, /, *_exception: object) -> None: ...

@final
class WriteLock:
    """
    A context manager that acquires an `RWLock` for writing.
    """
    def __enter__(self, /) -> bool: ...
    def __exit__(self, /, *_exception: object) -> None: ...
