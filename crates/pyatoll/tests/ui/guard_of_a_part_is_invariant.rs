//! Through a guard of a part that may be changed, only a value of that very type can be written.
use pyatoll::pyclass::PyClassGuardMapMut;

fn shorter<'a, 's>(
    guard: PyClassGuardMapMut<'a, &'static str>,
) -> PyClassGuardMapMut<'a, &'s str> {
    guard
}

fn main() {
    let _ = shorter;
}
