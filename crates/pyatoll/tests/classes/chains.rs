//! Long chains of instances, and deallocations deferred because the stack runs short.

use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use pyatoll::prelude::*;

use crate::run;

/// A link of a chain.
#[pyclass(subclass)]
struct Link {
    #[expect(dead_code, reason = "held for its drop")]
    next: Py<PyAny>,
}

static LINK_DROPS: AtomicUsize = AtomicUsize::new(0);

#[pymethods]
impl Link {
    #[new]
    fn new(next: Py<PyAny>) -> Self {
        Self { next }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        LINK_DROPS.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_long_chain_of_python_subclasses_is_dropped_and_each_finalized_once() {
    const CODE: &std::ffi::CStr = c"
class Bare(Link):
    __slots__ = ()

class Final(Link):
    __slots__ = ()
    finalized = 0
    def __del__(self):
        Final.finalized += 1

class WithDict(Link):
    pass

for kind in Bare, Final, WithDict:
    chain = None
    for _ in range(100_000):
        chain = kind(chain)
    del chain
assert Final.finalized == 100_000, Final.finalized

Link.__del__ = Final.__del__
chain = None
for _ in range(100_000):
    chain = Link(chain)
del chain, Link.__del__
assert Final.finalized == 200_000, Final.finalized
";
    Python::attach(|py| {
        LINK_DROPS.store(0, Ordering::SeqCst);
        run(py, &[("Link", &py.get_type::<Link>())], CODE);
        assert_eq!(LINK_DROPS.load(Ordering::SeqCst), 400_000);
    });
}

/// A link whose drop lets another thread run.
#[pyclass]
struct Slow {
    #[expect(dead_code, reason = "held for its drop")]
    next: Option<Py<Slow>>,
}

impl Drop for Slow {
    fn drop(&mut self) {
        Python::attach(|py| py.detach(std::thread::yield_now));
    }
}

#[test]
fn long_chains_dropped_by_threads_in_turn_do_not_overflow_the_stack() {
    let start = std::sync::Barrier::new(3);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let chain = Python::attach(|py| {
                    let mut chain = Py::new(py, Slow { next: None }).unwrap();
                    for _ in 0..20_000 {
                        chain = Py::new(py, Slow { next: Some(chain) }).unwrap();
                    }
                    chain
                });
                start.wait();
                Python::attach(|_| drop(chain));
            });
        }
    });
}

/// Not tracked by the collector, so that the library's trashcan defers its deallocation.
#[pyclass]
struct Counted(#[expect(dead_code, reason = "to be dropped")] Vec<u8>);

static COUNTED: AtomicIsize = AtomicIsize::new(0);

#[pymethods]
impl Counted {
    #[new]
    fn new() -> Self {
        COUNTED.fetch_add(1, Ordering::SeqCst);
        Self(vec![1])
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNTED.fetch_sub(1, Ordering::SeqCst);
    }
}

#[pyfunction]
fn call(function: &Bound<'_, PyAny>) -> PyResult<()> {
    function.call0().map(drop)
}

#[test]
fn a_deallocation_deferred_by_the_outermost_one_runs_when_there_is_room() {
    const CODE: &std::ffi::CStr = c"
import sys
limit = sys.getrecursionlimit()
if sys.version_info >= (3, 14):
    # Recurse until the stack is exhausted.
    sys.setrecursionlimit(10**6)
made = 0
def deeper():
    global made
    try:
        call(deeper)
    except RecursionError:
        if made < 5:
            made += 1
            Counted()
deeper()
sys.setrecursionlimit(limit)
assert made > 0
";
    let deep = || {
        Python::attach(|py| {
            let call = wrap_pyfunction!(call, py).unwrap();
            let class = py.get_type::<Counted>();
            run(py, &[("call", call.as_any()), ("Counted", &class)], CODE);
            // Freed at the next entry, and at the latest when the thread detaches.
            run(py, &[("call", call.as_any())], c"call(int)");
            assert_eq!(COUNTED.load(Ordering::SeqCst), 0);
            run(py, &[("call", call.as_any()), ("Counted", &class)], CODE);
        });
        assert_eq!(COUNTED.load(Ordering::SeqCst), 0);
    };
    std::thread::Builder::new()
        .stack_size(1 << 21)
        .spawn(deep)
        .unwrap()
        .join()
        .unwrap();
}
