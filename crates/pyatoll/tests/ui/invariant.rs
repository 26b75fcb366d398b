//! What is written through one reference and read through another is invariant.
use pyatoll::pyclass::PyClassGuardMapMut;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};

type Any = for<'a> fn(&'a str);
type Static = fn(&'static str);

fn cell(cell: &InterpreterLocal<Any>) -> &InterpreterLocal<Static> {
    cell
}

fn cell_back(cell: &InterpreterLocal<Static>) -> &InterpreterLocal<Any> {
    cell
}

fn once(once: &PyOnceLock<Any>) -> &PyOnceLock<Static> {
    once
}

fn part<'a, 's>(part: PyClassGuardMapMut<'a, &'static str>) -> PyClassGuardMapMut<'a, &'s str> {
    part
}

fn main() {}
