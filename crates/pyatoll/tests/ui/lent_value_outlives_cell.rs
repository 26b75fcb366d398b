//! A reference to a value of a cell that is not a `static` ends with the cell.
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};

fn of_local(py: Python<'_>) -> &String {
    let cell: InterpreterLocal<String> = InterpreterLocal::new();
    cell.get_or_init(py, String::new)
}

fn of_lock(py: Python<'_>) {
    let lock: PyOnceLock<String> = PyOnceLock::new();
    let lent = lock.get_or_init(py, String::new);
    drop(lock);
    println!("{lent}");
}

fn main() {}
