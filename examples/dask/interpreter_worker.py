"""Dask workers whose tasks run in interpreters, each with a GIL of its own: Python 3.14 or later.

    dask worker ADDRESS --nthreads 2 --worker-class interpreter_worker.InterpreterWorker

Only the function of a task runs in an interpreter. `distributed` itself stays in the main one: it
needs psutil and tornado, whose extension modules refuse to load in any other.
"""

import pickle
import sys

if sys.version_info < (3, 14):
    raise ImportError("interpreter_worker needs InterpreterPoolExecutor, of Python 3.14 or later")

from concurrent.futures import Executor, InterpreterPoolExecutor, ThreadPoolExecutor
from functools import partial

import cloudpickle
from dask._task_spec import Task
from dask.system import CPU_COUNT
from distributed import Nanny, Scheduler, SpecCluster, Worker


def prepare(path):
    """Makes the modules of the main interpreter importable. Runs in a new interpreter.

    It uses no globals, so it is passed as code: there is no path to import this module from yet.
    """
    import sys

    sys.path[:] = path


def run(call):
    """Runs a pickled call, and returns its pickled result. Runs in an interpreter.

    It uses no globals, either: this module would import `distributed`.
    """
    import pickle

    function, args, kwargs = pickle.loads(call)
    return pickle.dumps(function(*args, **kwargs), protocol=5)


class InterpreterExecutor(Executor):
    """Runs the functions of tasks in interpreters, and everything else in threads.

    The worker submits a function of its own, which times the task, handles its exceptions and
    measures its result. So a thread runs that, and waits for the interpreter that runs the task's.
    """

    def __init__(self, size):
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="dask-task")
        self._interpreters = InterpreterPoolExecutor(
            size, thread_name_prefix="dask-interpreter", initializer=prepare, initargs=(sys.path,)
        )

    def submit(self, function, /, *args, **kwargs):
        """Runs a function of the worker in a thread, and tasks among its arguments elsewhere."""
        args = [self._in_interpreter(value) if type(value) is Task else value for value in args]
        return self._threads.submit(function, *args, **kwargs)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Ends the threads, then the interpreters."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._interpreters.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _in_interpreter(self, task):
        """Returns a task with the same arguments, whose function runs in an interpreter."""
        function = partial(self._call, task.func)
        return Task(task.key, function, *task.args, **task.kwargs)

    def _call(self, function, /, *args, **kwargs):
        # cloudpickle: the function may be one that cannot be imported, such as a lambda.
        call = cloudpickle.dumps((function, args, kwargs), protocol=5)
        return pickle.loads(self._interpreters.submit(run, call).result())


class InterpreterWorker(Worker):
    """A worker with an interpreter for each of its `nthreads`.

    Tasks that are annotated with `executor="threads"` run in threads of the main interpreter.
    """

    def __init__(self, *args, nthreads=None, **kwargs):
        nthreads = nthreads or CPU_COUNT
        executors = {
            "default": InterpreterExecutor(nthreads),
            "threads": ThreadPoolExecutor(nthreads, thread_name_prefix="dask-thread"),
        }
        super().__init__(*args, nthreads=nthreads, executor=executors, **kwargs)


def local_cluster(workers, nthreads, worker_class=InterpreterWorker):
    """Starts a scheduler in this process, and workers in their own processes, on the loopback."""
    host = "127.0.0.1"
    options = {"nthreads": nthreads, "worker_class": worker_class, "memory_limit": 0, "host": host}
    # Any free ports.
    scheduler = {"port": 0, "dashboard_address": f"{host}:0", "host": host}
    return SpecCluster(
        scheduler={"cls": Scheduler, "options": scheduler},
        workers={name: {"cls": Nanny, "options": options} for name in range(workers)},
    )
