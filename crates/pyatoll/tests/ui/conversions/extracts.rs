//! Types that cannot be extracted or cast to.
use pyatoll::prelude::*;

struct Plain;

fn plain(x: &Bound<'_, PyAny>) -> PyResult<Plain> {
    x.extract()
}

fn number(x: &Bound<'_, PyAny>) {
    let _ = x.cast::<u32>();
}

fn without_question_mark(x: &Bound<'_, PyAny>) -> u32 {
    x.extract()
}

fn main() {}
