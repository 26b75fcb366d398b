//! A reference from an `InterpreterLocal` or `PyOnceLock` ends with the attachment.
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};

static NAME: InterpreterLocal<String> = InterpreterLocal::new();
static ONCE: PyOnceLock<String> = PyOnceLock::new();

fn main() {
    let _name: &String = Python::attach(|py| NAME.get_or_init(py, String::new));
    let _once: Option<&String> = Python::attach(|py| ONCE.get(py));
}
