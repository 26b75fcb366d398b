//! The feature `test-interpreters`: runs the tests of a crate, unchanged, in sub-interpreters.
//!
//! Rust's test harness runs each test function on a thread of its own, with the function's name.
//! If the environment variable [`VARIABLE`] asks for it, `Python::attach` on a named thread
//! enters a sub-interpreter created for that thread rather than the main one. Threads without a
//! name, and the program's first one, attach as usual.
//!
//! Invariant: the interpreter is only the default of `Python::attach` on its thread; it is created
//! at the thread's first attach and ended when the thread ends, after its last.

use std::cell::OnceCell;
use std::env;
use std::sync::OnceLock;
use std::thread;

use super::attach::AttachGuard;
use super::compat;
use super::error::NoInterpreter;
#[cfg(feature = "auto-initialize")]
use super::start;
use super::sub::{Gil, SubInterpreter};

/// `own-gil` or `shared-gil`. If it is not set, nothing changes.
const VARIABLE: &str = "PYATOLL_TEST_INTERPRETER";

thread_local! {
    static OF_THREAD: OnceCell<SubInterpreter> = const { OnceCell::new() };
}

/// Attaches to the interpreter of this thread. `None`: the thread has none.
#[inline(never)]
pub(super) fn enter() -> Option<Result<AttachGuard, NoInterpreter>> {
    let gil = wanted()?;
    thread::current().name().filter(|name| *name != "main")?;
    #[cfg(feature = "auto-initialize")]
    start::initialize();
    OF_THREAD
        .try_with(|cell| {
            let sub = match cell.get() {
                Some(sub) => sub,
                None => {
                    let made = make(gil)?;
                    // `make` does not get here again: the thread is attached while Python runs in
                    // it.
                    cell.get_or_init(|| made)
                }
            };
            AttachGuard::to(sub.local()).map_err(NoInterpreter::Refused)
        })
        // The thread is ending, and its interpreter has ended.
        .ok()
}

fn make(gil: Gil) -> Result<SubInterpreter, NoInterpreter> {
    let builder = SubInterpreter::builder();
    let builder = match gil {
        Gil::Own => builder,
        Gil::Shared => builder.legacy(),
    };
    builder.build().map_err(NoInterpreter::TestInterpreter)
}

/// Returns the kind of interpreter that the environment asks for.
fn wanted() -> Option<Gil> {
    static WANTED: OnceLock<Option<Gil>> = OnceLock::new();
    *WANTED.get_or_init(|| {
        let text = env::var_os(VARIABLE)?;
        match text.to_str() {
            Some("own-gil") if compat::has_settings() => Some(Gil::Own),
            Some("own-gil") => panic!(
                "{VARIABLE} is 'own-gil', but only Python 3.12 and later have interpreters with \
                 their own GIL: 'shared-gil' works"
            ),
            Some("shared-gil") => Some(Gil::Shared),
            _ => panic!("{VARIABLE} is {text:?}: it must be 'own-gil' or 'shared-gil'"),
        }
    })
}
