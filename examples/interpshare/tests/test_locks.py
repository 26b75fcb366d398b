"""Locks, events, counters and values that are computed once."""

import os
import threading
import time

import pytest

import interpshare
from other_interpreters import KINDS, LIMIT, Other, run_script


def in_thread(function):
    """Runs a function in a new thread, which then ends, and returns its result."""
    found = []

    def work():
        try:
            found.append((function(), None))
        except BaseException as error:
            found.append((None, error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive()
    result, error = found[0]
    if error is not None:
        raise error
    return result


def test_a_lock_has_one_holder():
    lock = interpshare.Lock()
    assert not lock.locked() and repr(lock) == "<interpshare.Lock, free>"
    assert lock.acquire()
    assert lock.locked() and repr(lock) == "<interpshare.Lock, held>"
    with pytest.raises(interpshare.DeadlockError):
        lock.acquire()
    with pytest.raises(interpshare.DeadlockError):
        lock.acquire(False)
    assert not in_thread(lambda: lock.acquire(False))
    assert not in_thread(lambda: lock.acquire(timeout=0.01))
    with pytest.raises(RuntimeError, match="another thread"):
        in_thread(lock.release)
    lock.release()
    with pytest.raises(RuntimeError, match="not held"):
        lock.release()
    with lock as held:
        assert held is True and lock.locked()
    assert not lock.locked()
    for arguments in [(False, 1), (True, -2), (True, float("nan"))]:
        with pytest.raises(ValueError):
            lock.acquire(*arguments)


@KINDS
def test_a_lock_excludes_the_threads_of_all_interpreters(own_gil):
    lock, entries, inside = interpshare.Lock(), interpshare.Map({"n": 0}), interpshare.Counter()
    code = """
        for _ in range(200):
            with lock:
                assert inside.add() == 1
                entries["n"] = entries["n"] + 1
                inside.sub()
    """
    others = [Other(own_gil) for _ in range(3)]
    finish = [other.start(code, lock=lock, entries=entries, inside=inside) for other in others]
    for f in finish:
        f()
    assert entries["n"] == 600 and not lock.locked()
    for other in others:
        other.close()


@KINDS
def test_the_holder_is_a_thread_in_an_interpreter(own_gil):
    lock = interpshare.Lock()
    with Other(own_gil) as other:
        # The same thread, in two interpreters.
        with lock:
            assert other.run("result = lock.acquire(False)", lock=lock) is False
            code = """
                try:
                    lock.release()
                except RuntimeError as error:
                    result = str(error)
            """
            assert "another thread or interpreter" in other.run(code, lock=lock)
        other.run("lock.acquire()", lock=lock)
        assert not lock.acquire(False)
        other.run("lock.release()", lock=lock)
        with lock:
            pass


@KINDS
def test_a_lock_whose_holder_s_interpreter_has_ended(own_gil):
    lock = interpshare.Lock()
    other = Other(own_gil)
    other.run("lock.acquire()", lock=lock)
    waiter = Other(own_gil)
    code = """
        import interpshare
        ready.set()
        try:
            lock.acquire()
        except interpshare.OwnerDied as error:
            result = str(error)
            lock.release()
    """
    ready = interpshare.Event()
    finish = waiter.start(code, lock=lock, ready=ready)
    assert ready.wait(LIMIT) and lock.locked()
    other.close()
    assert "ended without releasing" in finish()
    # It was repaired.
    with lock:
        pass
    waiter.close()


def test_a_lock_whose_holder_s_thread_has_ended():
    lock = interpshare.Lock()
    in_thread(lock.acquire)
    for _ in range(2):
        with pytest.raises(interpshare.OwnerDied, match="acquire"):
            with lock:
                raise AssertionError
    with pytest.raises(interpshare.OwnerDied, match="this thread holds it now"):
        lock.acquire()
    assert lock.locked()
    with pytest.raises(interpshare.DeadlockError):
        lock.acquire()
    lock.release()
    with lock:
        pass


def test_readers_share_and_writers_exclude():
    lock = interpshare.RWLock()
    assert repr(lock) == "<interpshare.RWLock, free>"
    with lock.read(), lock.read():
        assert repr(lock) == "<interpshare.RWLock, 2 reading>"
        with pytest.raises(interpshare.DeadlockError):
            lock.acquire_write()
        assert in_thread(lambda: (lock.acquire_read(), lock.release_read())[0])
        assert not in_thread(lambda: lock.acquire_write(False))
        with pytest.raises(RuntimeError, match="another thread"):
            in_thread(lock.release_read)
    with lock.write():
        assert repr(lock) == "<interpshare.RWLock, writing>"
        for acquire in lock.acquire_read, lock.acquire_write:
            with pytest.raises(interpshare.DeadlockError):
                acquire()
        assert not in_thread(lambda: lock.acquire_read(timeout=0.01))
        assert not in_thread(lambda: lock.acquire_write(timeout=0.01))
        with pytest.raises(RuntimeError, match="another thread"):
            in_thread(lock.release_write)
    for release in lock.release_read, lock.release_write:
        with pytest.raises(RuntimeError, match="not held"):
            release()


def test_a_writer_goes_before_new_readers():
    lock, order = interpshare.RWLock(), interpshare.Queue()
    lock.acquire_read()

    def write():
        with lock.write():
            order.put("write")

    writer = threading.Thread(target=write)
    writer.start()
    # Until the writer waits.
    while in_thread(lambda: lock.acquire_read(False) and (lock.release_read(), True)[1]):
        time.sleep(0.001)
    # The thread that reads may go on.
    assert lock.acquire_read()
    lock.release_read()

    def read():
        with lock.read():
            order.put("read")

    reader = threading.Thread(target=read)
    reader.start()
    lock.release_read()
    for thread in writer, reader:
        thread.join(LIMIT)
    assert [order.get(False), order.get(False)] == ["write", "read"]
    # One that gives up is not waited for.
    lock.acquire_read()
    assert not in_thread(lambda: lock.acquire_write(timeout=0.01))
    assert in_thread(lambda: lock.acquire_read(False) and (lock.release_read(), True)[1])
    lock.release_read()


@KINDS
def test_a_reader_writer_lock_whose_holder_has_ended(own_gil):
    lock = interpshare.RWLock()
    for end in "thread", "interpreter":

        def hold(how):
            if end == "thread":
                in_thread(getattr(lock, f"acquire_{how}"))
            else:
                with Other(own_gil) as other:
                    other.run(f"lock.acquire_{how}()", lock=lock)

        hold("read")
        assert lock.acquire_write()
        lock.release_write()
        hold("write")
        with pytest.raises(interpshare.OwnerDied):
            lock.acquire_read()
        for context in lock.read(), lock.write():
            with pytest.raises(interpshare.OwnerDied):
                with context:
                    raise AssertionError
        with pytest.raises(interpshare.OwnerDied, match="is writing now"):
            lock.acquire_write()
        lock.release_write()
        with lock.read():
            pass


@KINDS
def test_readers_and_writers_of_several_interpreters(own_gil):
    lock, entries = interpshare.RWLock(), interpshare.Map({"a": 0, "b": 0})
    code = """
        for n in range(150):
            if n % 5 == 0:
                with lock.write():
                    entries["a"] = entries["a"] + 1
                    entries["b"] = entries["b"] + 1
            else:
                with lock.read():
                    assert entries["a"] == entries["b"]
    """
    others = [Other(own_gil) for _ in range(3)]
    finish = [other.start(code, lock=lock, entries=entries) for other in others]
    for f in finish:
        f()
    assert entries["a"] == entries["b"] == 90
    for other in others:
        other.close()


@KINDS
def test_an_event_wakes_all_interpreters(own_gil):
    event, waiting = interpshare.Event(), interpshare.Counter()
    assert not event.is_set() and not event.wait(0) and not event.wait(0.01)
    assert repr(event) == "<interpshare.Event, not set>"
    others = [Other(own_gil) for _ in range(2)]
    code = "waiting.add(); result = event.wait()"
    finish = [other.start(code, event=event, waiting=waiting) for other in others]
    while waiting.value < 2:
        time.sleep(0.001)
    event.set()
    assert [f() for f in finish] == [True, True] and event.wait() and event.is_set()
    assert repr(event) == "<interpshare.Event, set>"
    event.clear()
    assert not event.is_set() and not event.wait(0.001)
    for other in others:
        other.close()


@KINDS
def test_a_counter_counts_in_all_interpreters(own_gil):
    counter = interpshare.Counter(5)
    assert counter.value == 5 and int(counter) == 5 and repr(counter) == "<interpshare.Counter, 5>"
    assert counter.add() == 6 and counter.add(4) == 10 and counter.sub(3) == 7
    assert counter.sub() == 6 and counter.increment() == 7 and counter.decrement() == 6
    assert counter.exchange(0) == 6 and counter.compare_and_set(0, 1) and counter.value == 1
    assert not counter.compare_and_set(0, 2) and counter.value == 1
    others = [Other(own_gil) for _ in range(3)]
    code = "for _ in range(1000): counter.add(2)"
    finish = [other.start(code, counter=counter) for other in others]
    for f in finish:
        f()
    assert counter.value == 6001
    for other in others:
        other.close()


def test_a_counter_does_not_overflow():
    counter = interpshare.Counter(2**63 - 1)
    with pytest.raises(OverflowError, match="64-bit"):
        counter.add()
    with pytest.raises(OverflowError):
        counter.sub(-(2**63))
    assert counter.value == 2**63 - 1
    for wrong in 2**63, -(2**63) - 1:
        with pytest.raises(OverflowError):
            interpshare.Counter(wrong)


@KINDS
def test_a_value_is_computed_once_in_all_interpreters(own_gil):
    once, calls = interpshare.Once(), interpshare.Counter()
    assert not once.is_set() and once.get() is None and once.get(5) == 5
    code = """
        import time

        def compute():
            n = calls.add()
            time.sleep(0.02)
            return ("computed", n)

        result = once.get_or_init(compute)
    """
    others = [Other(own_gil) for _ in range(3)]
    finish = [other.start(code, once=once, calls=calls) for other in others]
    assert [f() for f in finish] == [["computed", 1]] * 3
    for other in others:
        other.close()
    assert once.get_or_init(lambda: 1 / 0) == once.get() == ("computed", 1) and once.is_set()


def test_after_an_error_the_next_one_computes_the_value():
    once = interpshare.Once()
    with pytest.raises(ZeroDivisionError):
        once.get_or_init(lambda: 1 / 0)
    with pytest.raises(TypeError, match="'list'"):
        once.get_or_init(list)
    with pytest.raises(interpshare.DeadlockError):
        once.get_or_init(lambda: once.get_or_init(lambda: 1))
    assert not once.is_set()
    started, finish, results = threading.Event(), threading.Event(), []

    def fail():
        started.set()
        finish.wait(LIMIT)
        raise ValueError

    def first():
        with pytest.raises(ValueError):
            once.get_or_init(fail)

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert started.wait(LIMIT)
    for _ in range(2):
        compute = lambda: results.append(once.get_or_init(lambda: 5))
        threads.append(threading.Thread(target=compute))
        threads[-1].start()
    finish.set()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    assert results == [5, 5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks")
def test_a_forked_child_finds_the_locks_of_other_threads_without_holder():
    out = run_script(
        """
        import os, threading, warnings, interpshare

        warnings.simplefilter("ignore")
        own, others, rw = interpshare.Lock(), interpshare.Lock(), interpshare.RWLock()
        once, held, done = interpshare.Once(), threading.Event(), threading.Event()

        def hold():
            def compute():
                held.set()
                done.wait()
                return 1

            with others, rw.write():
                once.get_or_init(compute)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        own.acquire()
        child = os.fork()
        if child == 0:
            own.release()
            for acquire in others.acquire, rw.acquire_write:
                try:
                    acquire()
                except interpshare.OwnerDied:
                    print("died")
            print(once.get_or_init(lambda: 2), flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert not others.acquire(False)
        done.set()
        thread.join()
        assert once.get() == 1
        own.release()
        """
    )
    assert out == "died\ndied\n2\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks")
def test_a_fork_finds_all_objects_usable_while_threads_use_them():
    run_script(
        """
        import os, threading, time, warnings, interpshare

        warnings.simplefilter("ignore")
        items, entries, stop = interpshare.Queue(4), interpshare.Map(), interpshare.Event()
        lock = interpshare.Lock()

        def work():
            n = 0
            while not stop.is_set():
                n += 1
                entries[n % 5000] = n
                try:
                    items.put_nowait(n)
                    items.get_nowait()
                except (interpshare.Full, interpshare.Empty):
                    pass
                with lock:
                    pass

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            time.sleep(0.002)
            child = os.fork()
            if child == 0:
                for n in range(200):
                    entries[n] = n
                    assert entries[n] == n
                while len(items):
                    items.get()
                items.put(1)
                assert items.get() == 1
                try:
                    lock.acquire()
                except interpshare.OwnerDied:
                    pass
                lock.release()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        """
    )
