//! A value that may not go to another thread, in a job.
use std::rc::Rc;

use pyatoll::InterpreterPool;

fn main() {
    let pool = InterpreterPool::builder().build().unwrap();
    let count = Rc::new(1);
    let _ = pool.submit(move |_py| Ok(*count)).join();
}
