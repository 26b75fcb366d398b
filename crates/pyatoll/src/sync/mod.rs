//! One value per interpreter.

mod interpreter_local;

pub use interpreter_local::InterpreterLocal;
