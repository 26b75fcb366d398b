use std::rc::Rc;

use pyatoll::prelude::*;

#[pyfunction]
async fn keeps_rc() {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {}
