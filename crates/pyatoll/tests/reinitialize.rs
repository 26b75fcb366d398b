//! Finalizing and restarting the runtime: ids and addresses repeat, identities do not.
//!
//! Its own binary, since it finalizes the runtime that all tests of a process share.

use pyatoll::ffi;
use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyCFunction, PyDict};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static DROPS: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Ordering::Relaxed);
        // CPython already reports itself as uninitialized, but has not finished finalizing.
        let attached = std::thread::spawn(|| Python::try_attach(|_| ()).is_some());
        assert!(!attached.join().unwrap());
    }
}

static VALUE: InterpreterLocal<Counted> = InterpreterLocal::new();

fn finalize() {
    // SAFETY: this thread started the runtime, no other thread is attached, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
}

#[test]
fn a_restarted_runtime_is_distinguished_from_the_previous_one() {
    let mut kept: Vec<Py<PyAny>> = Vec::new();
    let mut mains = Vec::new();
    for run in 0..3 {
        assert!(
            Python::try_attach(|_| ()).is_some() == (run > 0 || cfg!(feature = "auto-initialize"))
        );
        Python::initialize();
        let main = Python::attach(|py| {
            assert!(VALUE.get(py).is_none(), "a value of an earlier run");
            VALUE.get_or_init(py, || Counted);
            py.interpreter()
        });
        assert_eq!(main.id(), 0);
        assert!(!mains.contains(&main));
        for old in &mains {
            assert_eq!(
                old.attach(|_| ()),
                Err(AttachError::InterpreterGone { id: 0 })
            );
        }
        // Objects of an earlier run are refused, whatever their address.
        Python::attach(|py| {
            for object in &kept {
                let message = object.try_bind(py).unwrap_err().to_string();
                assert!(message.contains("which has ended"), "{message}");
            }
        });
        // Dropped in a later run: one by an attached thread, the rest by a detached one.
        if run == 2 {
            Python::attach(|_| kept.pop());
            kept.clear();
        }
        kept.push(Python::attach(|py| {
            py.eval(c"object()", None, None).unwrap().unbind()
        }));
        let sub = SubInterpreter::builder().build().unwrap();
        kept.push(
            sub.attach(|py| py.eval(c"object()", None, None).unwrap().unbind())
                .unwrap(),
        );
        sub.close().unwrap();
        mains.push(main);
        finalize();
        assert_eq!(DROPS.load(Ordering::Relaxed), run + 1);
        assert!(!main.is_alive());
        assert_eq!(
            main.attach(|_| ()),
            Err(AttachError::InterpreterGone { id: 0 })
        );
    }
    #[cfg(unix)]
    a_forked_child_does_not_wait_for_threads_of_the_parent();
    finalization_waits_for_a_sub_interpreter_that_another_thread_is_ending();
    a_value_outlives_finalization_while_a_detached_daemon_thread_uses_it();
}

fn finalization_waits_for_a_sub_interpreter_that_another_thread_is_ending() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    static ENDED: AtomicBool = AtomicBool::new(false);
    static SLOW: InterpreterLocal<Slow> = InterpreterLocal::new();
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            BEGUN.store(true, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(200));
            ENDED.store(true, Ordering::Relaxed);
        }
    }

    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| SLOW.set(py, Slow).is_ok()).unwrap();
    let closer = std::thread::spawn(move || sub.close().unwrap());
    while !BEGUN.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
    finalize();
    assert!(ENDED.load(Ordering::Relaxed));
    closer.join().unwrap();
}

// In this binary because no other test's sub-interpreters may be alive in the child.
#[cfg(unix)]
fn a_forked_child_does_not_wait_for_threads_of_the_parent() {
    Python::initialize();
    let (inside, is_inside) = std::sync::mpsc::channel();
    let (leave, may_leave) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        Python::attach(|py| {
            py.detach(move || {
                inside.send(()).unwrap();
                may_leave.recv().ok();
            });
        });
    });
    is_inside.recv().unwrap();
    let status: i32 = Python::attach(|py| {
        let code = c"
import atexit, os, signal, warnings
warnings.simplefilter('ignore')
child = os.fork()
if child == 0:
    # Ends the child if it hangs.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(120)
    atexit._run_exitfuncs()
    os._exit(0)
status = os.waitpid(child, 0)[1]
";
        let names = PyDict::new(py);
        py.run(code, Some(&names), None)?;
        names.get_item("status")?.unwrap().extract()
    })
    .unwrap();
    assert_eq!(status, 0);
    drop(leave);
    thread.join().unwrap();
    finalize();
}

fn a_value_outlives_finalization_while_a_detached_daemon_thread_uses_it() {
    static USED: AtomicBool = AtomicBool::new(false);
    static DROPPED: AtomicBool = AtomicBool::new(false);
    static LENT: InterpreterLocal<Lent> = InterpreterLocal::new();
    struct Lent;
    impl Drop for Lent {
        fn drop(&mut self) {
            DROPPED.store(true, Ordering::Relaxed);
        }
    }

    Python::initialize();
    Python::attach(|py| {
        let function = PyCFunction::new_closure(py, None, None, |args, _| {
            let lent = LENT.get_or_init(args.py(), || Lent);
            args.py().detach(|| {
                USED.store(true, Ordering::Relaxed);
                while !DROPPED.load(Ordering::Relaxed) {
                    std::thread::park();
                    std::hint::black_box(lent);
                }
            })
        });
        let kwargs = PyDict::new(py);
        kwargs.set_item("target", function.unwrap()).unwrap();
        kwargs.set_item("daemon", true).unwrap();
        let threading = py.import("threading").unwrap();
        let thread = threading.getattr("Thread").unwrap();
        let thread = thread.call((), Some(&kwargs)).unwrap();
        thread.call_method0("start").unwrap();
        while !USED.load(Ordering::Relaxed) {
            py.detach(std::thread::yield_now);
        }
    });
    finalize();
    assert!(!DROPPED.load(Ordering::Relaxed));
}
