//! A handle with a token, held across an `.await`.
use pyatoll::prelude::*;

#[pyfunction]
async fn wait() {
    let object = Python::attach(|py| py.None());
    let guard = Python::attach(|py| object.bind(py).clone());
    std::future::ready(()).await;
    drop(guard);
}

fn main() {}
