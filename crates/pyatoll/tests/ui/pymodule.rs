use pyatoll::prelude::*;

#[pymodule]
struct NotAModule;

#[pymodule]
fn without_module() -> PyResult<()> {
    Ok(())
}

#[pymodule(multiple_interpreters = sometimes)]
fn unknown_policy(_m: &Bound<'_, PyModule>) {}

#[pymodule]
mod glob {
    #[pymodule_export]
    use super::*;
}

#[pymodule]
mod marked_function {
    #[pymodule_export]
    fn function() {}
}

#[pymodule]
mod two_inits {
    #[pymodule_init]
    fn first() {}

    #[pymodule_init]
    fn second() {}
}

fn main() {}
