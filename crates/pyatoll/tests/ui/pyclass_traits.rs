use pyatoll::prelude::*;

#[pyclass]
struct NotSend(std::rc::Rc<u8>);

#[pyclass]
struct Final;

#[pyclass(extends = Final)]
struct ExtendsFinal;

#[pyclass(frozen)]
struct Frozen(u8);

fn mutable(frozen: &Bound<'_, Frozen>) {
    frozen.borrow_mut().0 = 1;
}

#[pyclass]
struct NotFrozen(u8);

fn shared(value: &Bound<'_, NotFrozen>) -> u8 {
    value.get().0
}

fn main() {}
