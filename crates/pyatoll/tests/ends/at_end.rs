//! `Interpreter::at_end`: functions that run when an interpreter ends.

use std::sync::{Arc, Mutex};

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;

use crate::{LIMIT, finalize, in_child};

type Notes = Arc<Mutex<Vec<String>>>;

fn note(notes: &Notes, text: impl Into<String>) {
    notes.lock().unwrap().push(text.into());
}

fn taken(notes: &Notes) -> Vec<String> {
    std::mem::take(&mut *notes.lock().unwrap())
}

fn register(
    interpreter: Interpreter,
    notes: &Notes,
    text: &'static str,
) -> Result<(), AttachError> {
    let notes = Arc::clone(notes);
    interpreter.at_end(move |py| {
        assert_eq!(py.interpreter(), interpreter);
        // Python works, and threads can enter.
        py.run(c"import json; assert json.loads('[1]') == [1]", None, None)
            .unwrap();
        py.detach(|| std::thread::spawn(move || interpreter.attach(|_| ())).join())
            .unwrap()
            .unwrap();
        note(&notes, text);
    })
}

#[test]
fn functions_run_when_an_interpreter_ends_the_last_one_first() {
    in_child(
        "at_end::functions_run_when_an_interpreter_ends_the_last_one_first",
        LIMIT,
        || {
            static DROPPED: InterpreterLocal<Dropped> = InterpreterLocal::new();
            struct Dropped(Notes);
            impl Drop for Dropped {
                fn drop(&mut self) {
                    note(&self.0, "values");
                }
            }
            Python::initialize();
            let notes = Notes::default();
            let (one, two) = (
                SubInterpreter::builder().build().unwrap(),
                SubInterpreter::builder().legacy().build().unwrap(),
            );
            for sub in [&one, &two] {
                // From a thread that is not attached, and from one that is.
                register(sub.interpreter(), &notes, "first").unwrap();
                sub.attach(|py| {
                    DROPPED.get_or_init(py, || Dropped(Arc::clone(&notes)));
                    register(py.interpreter(), &notes, "second").unwrap();
                })
                .unwrap();
            }
            let ended = one.interpreter();
            one.close().unwrap();
            assert_eq!(taken(&notes), ["second", "first", "values"]);
            let late = register(ended, &notes, "never");
            assert_eq!(late, Err(AttachError::InterpreterGone { id: ended.id() }));
            // An interpreter that is left to the end of the runtime.
            register(two.interpreter(), &notes, "at exit").unwrap();
            register(Interpreter::main().unwrap(), &notes, "main").unwrap();
            std::mem::forget(two);
            finalize();
            assert_eq!(
                taken(&notes),
                ["main", "at exit", "second", "first", "values"]
            );
        },
    );
}

#[test]
fn a_function_can_register_others_and_panic() {
    in_child(
        "at_end::a_function_can_register_others_and_panic",
        LIMIT,
        || {
            Python::initialize();
            let notes = Notes::default();
            let sub = SubInterpreter::builder().build().unwrap();
            let interpreter = sub.interpreter();
            register(interpreter, &notes, "first").unwrap();
            let inner = Arc::clone(&notes);
            interpreter
                .at_end(move |_| {
                    register(interpreter, &inner, "registered late").unwrap();
                    note(&inner, "panics");
                    panic!("a panic at the end, on purpose");
                })
                .unwrap();
            register(interpreter, &notes, "last").unwrap();
            sub.close().unwrap();
            assert_eq!(
                taken(&notes),
                ["last", "panics", "registered late", "first"]
            );
        },
    );
}

/// Registers a function in its drop, when it is too late: it is dropped unused.
struct RegistersLate(Notes, Arc<()>);

impl Drop for RegistersLate {
    fn drop(&mut self) {
        let (notes, captured) = (Arc::clone(&self.0), Arc::clone(&self.1));
        Python::attach(|py| {
            let late = py.interpreter().at_end(move |_| drop(captured));
            note(&notes, late.unwrap_err().to_string());
        });
    }
}

#[test]
fn a_function_that_is_registered_too_late_is_refused_and_dropped() {
    static LATE: InterpreterLocal<RegistersLate> = InterpreterLocal::new();
    in_child(
        "at_end::a_function_that_is_registered_too_late_is_refused_and_dropped",
        LIMIT,
        || {
            Python::initialize();
            let (notes, captured) = (Notes::default(), Arc::new(()));
            for registers_before in [false, true] {
                let sub = SubInterpreter::builder().build().unwrap();
                let id = sub.id();
                sub.attach(|py| {
                    if registers_before {
                        py.interpreter().at_end(|_| ()).unwrap();
                    }
                    LATE.get_or_init(py, || {
                        RegistersLate(Arc::clone(&notes), Arc::clone(&captured))
                    });
                })
                .unwrap();
                sub.close().unwrap();
                assert_eq!(taken(&notes), [format!("interpreter {id} has ended")]);
                assert_eq!(Arc::strong_count(&captured), 1);
            }
        },
    );
}
