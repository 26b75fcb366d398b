//! Objects that all interpreters of a process share, for Python code: maps, queues, arrays,
//! counters, events, locks.
//!
//! Each class is `#[pyclass(frozen, shareable)]`, so an instance in one interpreter and another one
//! in a second interpreter have the same value.
//!
//! | file | concern |
//! |---|---|
//! | `value` | Python objects outside of any interpreter |
//! | `item` | the same in a queue |
//! | `gate` | forks, and values whose drop runs foreign code |
//! | `life` | whether a holder still exists, and whether an interpreter ends |
//! | `waiting`, `waiters` | threads that wait |
//! | `channel` | the items of a queue |
//! | `sync` | the atomics, locks, threads and queues of those that loom checks |
//! | `queue`, `map`, `array`, `counter`, `event`, `lock`, `rwlock`, `once` | a class each |
//! | `errors` | the exceptions |

mod array;
mod channel;
mod counter;
mod errors;
mod event;
mod gate;
mod item;
mod life;
mod lock;
mod map;
mod once;
mod queue;
mod rwlock;
mod sync;
mod value;
mod waiters;
mod waiting;

/// Objects that all interpreters of a process share.
#[pyatoll::pymodule]
mod interpshare {
    use pyatoll::prelude::*;

    #[pymodule_export]
    use crate::array::Array;
    #[pymodule_export]
    use crate::counter::Counter;
    #[pymodule_export]
    use crate::errors::{Closed, DeadlockError, Empty, Full, InterpreterEnding, OwnerDied};
    #[pymodule_export]
    use crate::event::Event;
    #[pymodule_export]
    use crate::lock::Lock;
    #[pymodule_export]
    use crate::map::Map;
    #[pymodule_export]
    use crate::once::Once;
    #[pymodule_export]
    use crate::queue::Queue;
    #[pymodule_export]
    use crate::rwlock::{RWLock, ReadLock, WriteLock};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::gate::watch_forks();
        crate::life::begin(module.py())
    }
}
