//! The cost of reaching the per-interpreter state with 1, 2 and 64 interpreters alive:
//! `cargo bench -p pyatoll --bench internals`.
//!
//! Prints nanoseconds: the minimum and the median of several rounds, less the empty loop.

use std::hint::black_box;
use std::time::Instant;

use pyatoll::interpreter::{Interpreter, SubInterpreter, bench};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;

const ROUNDS: usize = 21;
const CALLS: u32 = 2_000_000;

static VALUE: InterpreterLocal<u64> = InterpreterLocal::new();

/// Returns the nanoseconds per call of `f` in each round, sorted.
fn rounds(mut f: impl FnMut()) -> Vec<f64> {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..CALLS {
                f();
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds
}

fn row(name: &str, f: impl FnMut()) {
    let empty = rounds(|| {
        black_box(0);
    });
    let rounds = rounds(f);
    println!(
        "{name:<44} {:6.2} {:6.2}",
        rounds[0] - empty[0],
        rounds[ROUNDS / 2] - empty[ROUNDS / 2]
    );
}

fn table(alive: usize) {
    println!(
        "{:<44} {:>6} {:>6}",
        format!("ns, {alive} interpreters alive"),
        "min",
        "median"
    );
    Python::attach(|py| {
        VALUE.get_or_init(py, || 7);
        let object = py.None();
        row("token path: InterpreterLocal::get", || {
            black_box(VALUE.get(black_box(py)));
        });
        row("fallback path", || {
            // SAFETY: attached, and this binary is initialized in the current interpreter.
            black_box(unsafe { bench::fallback_token() });
        });
        row("fallback path, then InterpreterLocal::get", || {
            // SAFETY: attached, and this binary is initialized in the current interpreter.
            black_box(VALUE.get(unsafe { bench::fallback_token() }));
        });
        row("Python::attach when attached", || {
            Python::attach(|py| {
                black_box(py);
            });
        });
        row("Py::bind and Bound::clone, dropped", || {
            black_box(object.bind(black_box(py)).clone());
        });
        row("Py::clone_ref, dropped attached", || {
            drop(black_box(object.clone_ref(black_box(py))));
        });
    });
}

/// Measures attaching from a thread that Python did not start, without contention.
fn foreign(interpreter: Interpreter) {
    let attach = || {
        interpreter
            .attach(|py| {
                black_box(py);
            })
            .expect("the interpreter is alive");
    };
    row("a Rust thread: attach", attach);
    let kept = interpreter.keep_thread_state(|| row("its thread state kept: attach", attach));
    kept.expect("the interpreter is alive");
    interpreter
        .attach(|py| {
            row("a Rust thread: detach", || {
                py.detach(|| {
                    black_box(0);
                });
            });
        })
        .expect("the interpreter is alive");
}

fn foreign_table(interpreter: Interpreter) {
    println!("{:<44} {:>6} {:>6}", "ns, from outside", "min", "median");
    std::thread::spawn(move || foreign(interpreter))
        .join()
        .expect("the measurement does not panic");
}

fn main() {
    Python::initialize();
    foreign_table(Interpreter::main().expect("it runs"));
    table(1);
    let mut alive = Vec::new();
    for count in [2, 64] {
        while alive.len() + 1 < count {
            let sub = SubInterpreter::builder()
                .build()
                .expect("the default settings are valid");
            sub.attach(|py| *VALUE.get_or_init(py, || 7))
                .expect("the interpreter was just created");
            alive.push(sub);
        }
        table(count);
    }
}
