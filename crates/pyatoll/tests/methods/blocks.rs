//! Several `#[pymethods]` blocks for one class.

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;
use pyatoll::py_run;

use crate::everywhere;

#[pyclass]
struct Blocks;

#[pymethods]
impl Blocks {
    #[new]
    fn new() -> Self {
        Self
    }

    fn first(&self) -> i64 {
        1
    }

    #[getter]
    fn shared(&self) -> i64 {
        10
    }
}

#[pymethods]
impl Blocks {
    fn second(&self) -> i64 {
        2
    }

    #[setter]
    fn set_shared(&self, _value: i64) -> PyResult<()> {
        Err(PyValueError::new_err("it is read-only"))
    }

    fn __len__(&self) -> usize {
        2
    }
}

#[pymethods]
impl Blocks {
    #[classattr]
    const THIRD: i64 = 3;

    fn __call__(&self, number: i64) -> i64 {
        number + 1
    }
}

#[test]
fn several_blocks_make_one_class() {
    everywhere(|py| {
        let blocks = py.get_type::<Blocks>();
        py_run!(
            py,
            blocks,
            r#"
            b = blocks()
            assert (b.first(), b.second(), b.THIRD, len(b), b(4)) == (1, 2, 3, 2, 5)
            assert b.shared == 10
            try:
                b.shared = 5
            except ValueError as error:
                assert str(error) == "it is read-only"
            else:
                assert False
            "#
        );
    });
}
