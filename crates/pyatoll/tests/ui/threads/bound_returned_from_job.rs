//! A handle with a token, returned from a job.
use pyatoll::InterpreterPool;
use pyatoll::prelude::*;

fn main() {
    let pool = InterpreterPool::builder().build().unwrap();
    let _ = pool.submit(|py| py.eval(c"[]", None, None)).join();
}
