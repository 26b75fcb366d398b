//! Functions of many numbers, which are converted together in an optimized build.

use pyatoll::prelude::*;

/// Takes every type of number.
#[pyfunction]
#[expect(clippy::too_many_arguments)]
pub fn every_scalar(
    a: i8,
    b: i16,
    c: i32,
    d: i64,
    e: isize,
    f: u8,
    g: u16,
    h: u32,
    i: u64,
    j: usize,
    k: f32,
    l: f64,
    m: bool,
) -> String {
    format!("{a} {b} {c} {d} {e} {f} {g} {h} {i} {j} {k} {l} {m}")
}

/// Takes numbers between texts.
#[pyfunction]
#[expect(clippy::too_many_arguments)]
pub fn scalars_between_texts(
    first: &str,
    a: u8,
    b: i64,
    py: Python<'_>,
    c: f64,
    d: bool,
    e: u32,
    f: u32,
    g: i16,
    last: String,
) -> PyResult<String> {
    py.check_signals()?;
    Ok(format!("{first} {a} {b} {c} {d} {e} {f} {g} {last}"))
}

/// Takes numbers by position, by keyword, and with defaults.
#[pyfunction]
#[pyo3(signature = (a, /, b, c, *, d, e, f = 6, g = 7))]
pub fn scalars_by_keyword(a: u8, b: u8, c: u8, d: u8, e: f32, f: u8, g: u8) -> String {
    format!("{a} {b} {c} {d} {e} {f} {g}")
}

/// Takes numbers before `*args`.
#[pyfunction]
#[pyo3(signature = (a, b, c, d, *rest))]
pub fn scalars_and_rest(a: i32, b: i32, c: i32, d: i32, rest: Vec<i32>) -> i32 {
    a + b + c + d + rest.iter().sum::<i32>()
}

/// Takes more numbers than are converted together.
#[pyfunction]
#[expect(clippy::too_many_arguments)]
pub fn forty_scalars(
    a0: u8,
    a1: u8,
    a2: u8,
    a3: u8,
    a4: u8,
    a5: u8,
    a6: u8,
    a7: u8,
    a8: u8,
    a9: u8,
    b0: u8,
    b1: u8,
    b2: u8,
    b3: u8,
    b4: u8,
    b5: u8,
    b6: u8,
    b7: u8,
    b8: u8,
    b9: u8,
    c0: u8,
    c1: u8,
    c2: u8,
    c3: u8,
    c4: u8,
    c5: u8,
    c6: u8,
    c7: u8,
    c8: u8,
    c9: u8,
    d0: u8,
    d1: u8,
    d2: u8,
    d3: u8,
    d4: u8,
    d5: u8,
    d6: u8,
    d7: u8,
    d8: u8,
    d9: u8,
) -> Vec<u16> {
    let all = [
        a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, c0, c1, c2,
        c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9,
    ];
    all.into_iter().map(u16::from).collect()
}

/// Has a parameter whose type only has the name of a scalar.
mod namesake {
    use pyatoll::prelude::*;

    #[derive(FromPyObject)]
    #[allow(non_camel_case_types)]
    pub struct f32 {
        real: String,
    }

    #[pyfunction]
    pub fn scalar_namesake(a: u8, b: u8, c: f32, d: u8) -> String {
        format!("{a} {b} {} {d}", c.real)
    }
}

/// A class of numbers.
#[pyclass]
pub struct Numbers {
    sum: f64,
}

#[pymethods]
impl Numbers {
    #[new]
    fn new(a: u16, b: i32, c: f32, d: u64, e: bool) -> Self {
        Self {
            sum: f64::from(a) + f64::from(b) + f64::from(c) + d as f64 + f64::from(u8::from(e)),
        }
    }

    fn add(&mut self, a: i64, b: i64, c: f64, d: i64) -> f64 {
        self.sum += a as f64 + b as f64 + c + d as f64;
        self.sum
    }

    #[staticmethod]
    fn total(a: i64, b: i64, c: f64, d: i64) -> f64 {
        a as f64 + b as f64 + c + d as f64
    }
}

pub use namesake::scalar_namesake;
