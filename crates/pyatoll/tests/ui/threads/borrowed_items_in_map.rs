//! Jobs outlive the items that they borrow.
use pyatoll::InterpreterPool;

fn main() {
    let pool = InterpreterPool::builder().build().unwrap();
    let numbers = vec![1];
    let _ = pool.map(&numbers, |_py, n| Ok(*n)).count();
}
