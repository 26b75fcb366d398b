//! One value per interpreter.

mod intern;
mod interpreter_local;

#[doc(hidden)]
pub use intern::Interned;
pub use interpreter_local::InterpreterLocal;
