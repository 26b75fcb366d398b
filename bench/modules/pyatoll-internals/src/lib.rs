//! The cost of handles, of attaching and of per-interpreter state in Pyatoll.

#[path = "../../rust/internals.rs"]
mod internals;

/// Times one row at a time.
#[pyo3::pymodule]
mod bench_internals_pyatoll {
    use std::hint::black_box;

    use pyo3::ffi;
    use pyo3::interpreter::{Interpreter, SubInterpreter, bench};
    use pyo3::prelude::*;
    use pyo3::sync::InterpreterLocal;

    use crate::internals::{attachments, common, in_foreign_thread, timed};

    static VALUE: InterpreterLocal<u64> = InterpreterLocal::new();

    /// Returns the seconds for `count` runs of a row; `None` if the row is not one of these.
    #[pyfunction]
    fn run(py: Python<'_>, row: &str, count: usize) -> Option<f64> {
        match row {
            "token" => Some(timed(count, || {
                black_box(VALUE.get(black_box(py)));
            })),
            "fallback" => Some(timed(count, || {
                // SAFETY: attached, and this binary is initialized in the interpreter.
                black_box(unsafe { bench::fallback_token() });
            })),
            "attach-sub" => {
                let sub = sub_interpreter();
                let interpreter = sub.interpreter();
                let attach = || {
                    let attached = interpreter.attach(|py| {
                        black_box(py);
                    });
                    attached.expect("the interpreter is open");
                };
                Some(in_foreign_thread(py, || timed(count, attach)))
            }
            "attach-kept" => {
                let interpreter = py.interpreter();
                let kept = || interpreter.keep_thread_state(|| attachments(count));
                let kept = || kept().expect("the interpreter is open");
                Some(in_foreign_thread(py, kept))
            }
            "attach-keeper" => {
                let interpreter = py.interpreter();
                Some(in_foreign_thread(py, || {
                    let _keeper = interpreter.thread_state_keeper();
                    attachments(count)
                }))
            }
            "state-foreign" => {
                let id = InterpreterId::of(py, &py.interpreter());
                Some(in_foreign_thread(py, || {
                    timed(count, || id.thread_state(|| ()))
                }))
            }
            "state-sub" => {
                let sub = sub_interpreter();
                let id = InterpreterId::of(py, &sub.interpreter());
                Some(in_foreign_thread(py, || {
                    timed(count, || id.thread_state(|| ()))
                }))
            }
            "state-kept" => {
                let id = InterpreterId::of(py, &py.interpreter());
                let pairs = || timed(count, release_and_take);
                Some(in_foreign_thread(py, || id.thread_state(pairs)))
            }
            _ => common(py, row, count),
        }
    }

    fn sub_interpreter() -> SubInterpreter {
        let sub = SubInterpreter::builder().build();
        sub.expect("an interpreter can be created")
    }

    /// The address of an interpreter that is alive, for the C API.
    struct InterpreterId(usize);

    impl InterpreterId {
        fn of(py: Python<'_>, interpreter: &Interpreter) -> Self {
            // SAFETY: attached.
            let current = |_: Python<'_>| Self(unsafe { ffi::PyInterpreterState_Get() } as usize);
            let id = py.detach(|| interpreter.attach(current));
            id.expect("the interpreter is open")
        }

        /// Runs `f` with a thread state that is created for it: CPython's part of an attachment.
        fn thread_state<R>(&self, f: impl FnOnce() -> R) -> R {
            // SAFETY: the interpreter is alive; the thread is attached from the second call on,
            // with the thread state that the last one deletes.
            unsafe {
                let thread = ffi::PyThreadState_New(self.0 as *mut ffi::PyInterpreterState);
                ffi::PyEval_RestoreThread(thread);
                let result = f();
                ffi::PyThreadState_Clear(thread);
                ffi::PyThreadState_DeleteCurrent();
                result
            }
        }
    }

    /// Detaches this thread and attaches it again.
    fn release_and_take() {
        // SAFETY: attached; the thread state is this thread's own.
        unsafe { ffi::PyEval_RestoreThread(ffi::PyEval_SaveThread()) }
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        VALUE.get_or_init(module.py(), || 7);
        Ok(())
    }
}
