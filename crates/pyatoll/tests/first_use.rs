//! The first use of Python in a process, by several threads at once.

use std::sync::Barrier;

use pyatoll::Python;

#[test]
fn threads_that_are_first_at_once_find_the_right_python() {
    const THREADS: usize = 8;
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                Python::attach(|py| assert!(py.version_info() >= (3, 11)));
            });
        }
    });
}
