use std::rc::Rc;

use pyatoll::prelude::*;

#[pyfunction]
async fn borrows_object(_object: &Bound<'_, PyAny>) {}

#[pyfunction]
async fn keeps_rc() {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {}
