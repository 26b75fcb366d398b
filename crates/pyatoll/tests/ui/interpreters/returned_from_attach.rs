//! What borrows from a token stays inside `attach`.
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

fn main() {
    let interpreter = SubInterpreter::builder().build().unwrap();
    let _ = interpreter.attach(|py| py.eval(c"[]", None, None).unwrap());
    let _ = Python::attach(|py| py);
}
