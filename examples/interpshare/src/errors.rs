//! The package's exceptions.

use pyatoll::create_exception;
use pyatoll::exceptions::{PyException, PyRuntimeError};

/// The exceptions of Python's module `queue`.
mod queue {
    use pyatoll::import_exception;

    import_exception!(queue, Empty);
    import_exception!(queue, Full);
}

create_exception!(
    interpshare,
    Empty,
    queue::Empty,
    "The queue has no item, and none came in time."
);

create_exception!(
    interpshare,
    Full,
    queue::Full,
    "The queue has no room for another item, and there was none in time."
);

create_exception!(
    interpshare,
    Closed,
    PyException,
    "The queue is closed: it takes no items, and has none left."
);

create_exception!(
    interpshare,
    DeadlockError,
    PyRuntimeError,
    "This thread would wait for itself."
);

create_exception!(
    interpshare,
    OwnerDied,
    PyRuntimeError,
    "The holder of the lock ended without releasing it: what the lock protects may be inconsistent."
);

create_exception!(
    interpshare,
    InterpreterEnding,
    PyRuntimeError,
    "The interpreter has begun to end, so it cannot wait any longer."
);
