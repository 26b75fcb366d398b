//! A closure whose error type cannot be inferred.
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

fn main() {
    let interpreter = SubInterpreter::builder().build().unwrap();
    let _: u32 = interpreter
        .attach(|py| py.eval(c"1", None, None)?.extract())
        .unwrap();
}
