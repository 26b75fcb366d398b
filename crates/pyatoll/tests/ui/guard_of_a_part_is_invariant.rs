//! A mutable guard of a part is invariant: only a value of that exact type can be written.
use pyatoll::pyclass::PyClassGuardMapMut;

fn shorter<'a, 's>(
    guard: PyClassGuardMapMut<'a, &'static str>,
) -> PyClassGuardMapMut<'a, &'s str> {
    guard
}

fn main() {
    let _ = shorter;
}
