//! The runtime is finalised and started again: ids and addresses repeat, identities do not.
//!
//! A binary of its own, since it ends the runtime under everybody else's feet.

use pyatoll::ffi;
use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use std::sync::atomic::{AtomicUsize, Ordering};

static DROPS: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Ordering::Relaxed);
    }
}

static VALUE: InterpreterLocal<Counted> = InterpreterLocal::new();

fn finalize() {
    // SAFETY: this thread started the runtime, no other thread is in it, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
}

#[test]
fn a_new_run_of_the_runtime_is_not_taken_for_the_old_one() {
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
        // Of an earlier run: refused, whatever the address.
        Python::attach(|py| {
            for object in &kept {
                let message = object.try_bind(py).unwrap_err().to_string();
                assert!(message.contains("which has ended"), "{message}");
            }
        });
        // Dropped in the wrong run, and by a thread that is not attached.
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
}
