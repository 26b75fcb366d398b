//! Threads of one interpreter share its values, which must therefore be `Send` and `Sync`.
use pyatoll::sync::InterpreterLocal;

static CELL: InterpreterLocal<std::cell::Cell<i32>> = InterpreterLocal::new();

fn main() {
    let _ = &CELL;
}
