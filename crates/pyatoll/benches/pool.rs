//! The cost of a job in a pool of interpreters, and the gain from a second worker:
//! `cargo bench -p pyatoll --bench pool`.
//!
//! Prints the minimum and the median of several rounds.

use std::time::{Duration, Instant};

use pyatoll::InterpreterPool;
use pyatoll::prelude::*;

const ROUNDS: usize = 11;
const JOBS: u32 = 20_000;

/// Prints the time that `f` takes, divided by `jobs`.
fn row(name: &str, jobs: u32, mut f: impl FnMut()) {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed() / jobs
        })
        .collect();
    rounds.sort();
    let [least, median] = [rounds[0], rounds[ROUNDS / 2]].map(|time| time.as_nanos());
    println!("{name:<52} {least:>10} {median:>10}");
}

fn pool(size: usize) -> InterpreterPool {
    let builder = InterpreterPool::builder().size(size).queue_capacity(1024);
    builder.build().unwrap()
}

fn main() {
    Python::initialize();
    println!("{:<52} {:>10} {:>10}", "ns per job", "min", "median");
    for size in [1, 2] {
        let pool = pool(size);
        row(&format!("empty, {size} workers: map"), JOBS, || {
            assert!(pool.map(0..JOBS, |_py, _| Ok(())).all(|done| done.is_ok()));
        });
        row(
            &format!("empty, {size} workers: submit, handles dropped"),
            JOBS,
            || {
                for _ in 0..JOBS {
                    drop(pool.submit(|_py| Ok(())));
                }
                pool.submit(|_py| Ok(())).join().unwrap();
            },
        );
        row(
            &format!("empty, {size} workers: submit and join each"),
            JOBS,
            || {
                for _ in 0..JOBS {
                    pool.submit(|_py| Ok(())).join().unwrap();
                }
            },
        );
    }
    for size in [1, 2] {
        let pool = pool(size);
        row(&format!("Python work, {size} workers: map"), 16, || {
            let code = c"sum(len(str(n)) for n in range(100_000))";
            let sums = pool.map(0..16, |py, _| py.eval(code, None, None)?.extract::<u32>());
            assert!(sums.flatten().all(|sum| sum == 488_890));
        });
    }
    row("pool of 2 made and dropped", 1, || drop(pool(2)));
}
