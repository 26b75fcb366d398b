//! The atomics, locks, threads and queues of `waiters` and `channel`. `tests/loom` runs those two
//! with loom's in their place: they take such things from here only, and nothing of Python.

pub(crate) use std::sync::{Arc, Mutex, atomic};
pub(crate) use std::thread;

pub(crate) use crossbeam_queue::{ArrayQueue, SegQueue};

pub(crate) use crate::gate::{Gate, lock, pass_all};
