//! The cost of handles and of attaching, for a benchmark module in Rust: one source, compiled
//! against PyO3 and against Pyatoll under PyO3's name.

use std::hint::black_box;
use std::thread;

use pyo3::prelude::*;

/// The number of handles dropped at a time.
const HANDLES: usize = 1000;

/// Returns the CPU seconds of this thread.
fn now() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writes of a `timespec`.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Returns the seconds that `count` calls of `f` take.
pub fn timed(count: usize, mut f: impl FnMut()) -> f64 {
    let start = now();
    for _ in 0..count {
        f();
    }
    now() - start
}

/// Returns the seconds for `count` runs of a row; `None` if the row is not one of these.
pub fn common(py: Python<'_>, row: &str, count: usize) -> Option<f64> {
    let object = black_box(py.None());
    Some(match row {
        "empty" => timed(count, || {
            black_box(0);
        }),
        "attach-attached" => attachments(count),
        "attach-foreign" => in_foreign_thread(py, || attachments(count)),
        "bind" => timed(count, || {
            black_box(black_box(&object).bind(black_box(py)));
        }),
        "clone-and-drop" => timed(count, || clone_and_drop(black_box(&object), py)),
        "drop-detached" => dropped_detached(py, &object, count),
        _ => return None,
    })
}

/// Returns the seconds in which this thread attaches and detaches `count` times.
pub fn attachments(count: usize) -> f64 {
    timed(count, || {
        Python::attach(|py| {
            black_box(py);
        });
    })
}

/// Runs `f` in a thread that Python does not know.
pub fn in_foreign_thread(py: Python<'_>, f: impl FnOnce() -> f64 + Send) -> f64 {
    py.detach(|| thread::scope(|scope| scope.spawn(f).join()))
        .expect("it cannot panic")
}

/// Clones and drops a handle. Not inlined: in a loop, the compiler would compute the address of a
/// thread-local that the drop reads once for all turns. Code that drops a handle here and there
/// gains nothing from that.
#[inline(never)]
fn clone_and_drop(object: &Py<PyAny>, py: Python<'_>) {
    drop(black_box(object.clone_ref(py)));
}

/// Drops handles while this thread is detached, and attaches to release them.
fn dropped_detached(py: Python<'_>, object: &Py<PyAny>, count: usize) -> f64 {
    let mut seconds = 0.0;
    let mut left = count;
    while left > 0 {
        let batch = left.min(HANDLES);
        left -= batch;
        let handles: Vec<_> = (0..batch).map(|_| object.clone_ref(py)).collect();
        seconds += py.detach(|| {
            let start = now();
            drop(handles);
            Python::attach(|_| ());
            now() - start
        });
    }
    seconds
}
