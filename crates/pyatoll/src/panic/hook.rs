//! A panic hook that names the interpreter.

use std::sync::Once;

use super::say;
use crate::interpreter::attach;

/// Makes each report of a panic begin with a line that names the interpreter that the thread is
/// attached to, or detached from: `interpreter 3:` or `interpreter 3, detached:`. Panics of other
/// threads are reported as before.
///
/// The previous panic hook, by default the standard one, prints the report itself, with the
/// backtrace. Call this once at the start of a program that embeds Python, after setting a hook of
/// your own; further calls do nothing. An extension module should leave it to the program, since
/// panic hooks belong to the process (or, in a module that is not linked with the program's `std`,
/// to the module).
///
/// The hook does not attach, and it does not wait.
///
/// # Panics
/// If this thread is panicking.
///
/// ```
/// use std::panic::catch_unwind;
///
/// use pyatoll::prelude::*;
/// use pyatoll::SubInterpreter;
///
/// # Python::initialize();
/// pyatoll::panic::install_hook();
/// let sub = SubInterpreter::builder().build()?;
/// // Prints `interpreter 1:`, then `thread 'main' (…) panicked at …`.
/// let panicked = catch_unwind(|| sub.attach(|_py| panic!("oh no")));
/// assert!(panicked.is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// See: [`std::panic::set_hook`].
#[track_caller]
pub fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(place) = attach::whereabouts() {
                let detached = if place.is_attached { "" } else { ", detached" };
                say(format_args!("interpreter {}{detached}:", place.id));
            }
            report(panic);
        }));
    });
}
