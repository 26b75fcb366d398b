//! `KeyboardInterrupt` in the middle of Rust code. Alone in its process: Python handles signals on
//! the thread that initialized it.

use std::time::Duration;

use pyatoll::exceptions::PyKeyboardInterrupt;
use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;
use pyatoll::{ffi, wrap_pyfunction};

const SIGINT: i32 = 2;

/// Simulates Ctrl-C.
fn interrupt() {
    // SAFETY: may be called at any time from any thread.
    assert_eq!(unsafe { ffi::PyErr_SetInterruptEx(SIGINT) }, 0);
}

/// Works until interrupted, partly detached.
#[pyfunction]
fn work(py: Python<'_>) -> PyResult<()> {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            interrupt();
        });
        for _ in 0..60_000 {
            py.detach(|| std::thread::sleep(Duration::from_millis(1)));
            py.check_signals()?;
        }
        Ok(())
    })
}

/// Swallows the interrupt and returns its text.
#[pyfunction]
fn work_on(py: Python<'_>) -> PyResult<String> {
    let error = work(py).expect_err("the work is interrupted");
    assert!(PyErr::take(py).is_none(), "the exception was taken out");
    py.check_signals()?;
    Ok(error.to_string())
}

#[test]
fn an_interrupt_is_raised_in_the_main_interpreter_wherever_it_arrives() {
    Python::attach(|py| {
        py.run(
            c"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)",
            None,
            None,
        )
        .unwrap();
        py.check_signals().unwrap();

        // Rust code sees it once.
        interrupt();
        let error = py.check_signals().unwrap_err();
        assert!(error.is_instance_of::<PyKeyboardInterrupt>(py));
        py.check_signals().unwrap();

        // It propagates from Rust through Python and back to Rust.
        let names = PyDict::new(py);
        names
            .set_item("work", wrap_pyfunction!(work, py).unwrap())
            .unwrap();
        names
            .set_item("work_on", wrap_pyfunction!(work_on, py).unwrap())
            .unwrap();
        let code = c"
result = []
try:
    work()
except Exception:
    result.append('an Exception')
except KeyboardInterrupt as error:
    result.append(type(error).__name__)
result.append(work_on())
";
        py.run(code, Some(&names), None).unwrap();
        let result = names.get_item("result").unwrap().unwrap().to_string();
        assert_eq!(result, "['KeyboardInterrupt', 'KeyboardInterrupt: ']");
        let error = py.run(c"work()", Some(&names), None).unwrap_err();
        assert!(error.is_instance_of::<PyKeyboardInterrupt>(py));

        a_sub_interpreter_gets_no_handler_of_the_main_one(py);

        // A sub-interpreter handles no signals: it stays pending for the main interpreter.
        py.detach(|| {
            let sub = SubInterpreter::builder().build().unwrap();
            sub.attach(|py| {
                interrupt();
                py.check_signals().unwrap();
                let sum = py.eval(c"sum(n for n in range(1000))", None, None);
                assert_eq!(sum.unwrap().to_string(), "499500");
            })
            .unwrap();
            sub.close().unwrap();
        });
        let error = py.check_signals().unwrap_err();
        assert!(error.is_instance_of::<PyKeyboardInterrupt>(py));
        py.check_signals().unwrap();
    });
}

/// A part of the test: only this thread may install handlers.
fn a_sub_interpreter_gets_no_handler_of_the_main_one(py: Python<'_>) {
    py.run(
        c"
import signal
class Handler:
    def __call__(self, *args): raise AssertionError
    def __repr__(self): raise AssertionError
signal.signal(signal.SIGUSR1, Handler())
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
",
        None,
        None,
    )
    .unwrap();
    py.detach(|| {
        for gil in [Gil::Own, Gil::Shared] {
            let sub = SubInterpreter::builder().gil(gil).build().unwrap();
            let code = c"
import signal
assert signal.getsignal(signal.SIGINT) is None
assert signal.getsignal(signal.SIGUSR1) is None
assert signal.getsignal(signal.SIGUSR2) is signal.SIG_IGN
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
for wrong in (0, -1, 1 << 20, 1 << 40, 'x'):
    try:
        signal.getsignal(wrong)
    except (ValueError, OverflowError, TypeError):
        continue
    raise AssertionError(wrong)
";
            sub.attach(|py| {
                if let Err(error) = py.run(code, None, None) {
                    error.print(py);
                    panic!("{error}");
                }
            })
            .unwrap();
            sub.close().unwrap();
        }
    });
    let code = c"
import _signal as signal  # Others call the `repr` of what they return.
assert type(signal.getsignal(signal.SIGUSR1)).__name__ == 'Handler'
signal.signal(signal.SIGUSR1, signal.SIG_DFL)
signal.signal(signal.SIGUSR2, signal.SIG_DFL)
";
    py.run(code, None, None).unwrap();
}
