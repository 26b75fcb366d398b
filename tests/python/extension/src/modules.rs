//! Further modules in this library, loaded by their `PyInit_…` with an `ExtensionFileLoader`.

/// A module for one interpreter only.
#[pyatoll::pymodule(multiple_interpreters = not_supported)]
pub mod pyatoll_tests_not_supported {
    #[pymodule_export]
    const TAG: &str = "not_supported";
}

/// A module for interpreters that share the main interpreter's GIL.
#[pyatoll::pymodule(multiple_interpreters = shared_gil)]
pub mod pyatoll_tests_shared_gil {
    #[pymodule_export]
    const TAG: &str = "shared_gil";
}

/// A module that needs the GIL on free-threaded builds.
#[pyatoll::pymodule(gil_used = true)]
pub mod pyatoll_tests_gil_used {
    #[pymodule_export]
    const TAG: &str = "gil_used";
}

/// A module whose first import in an interpreter fails halfway.
#[pyatoll::pymodule]
pub mod pyatoll_tests_flaky {
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    use pyatoll::exceptions::PyRuntimeError;
    use pyatoll::prelude::*;
    use pyatoll::sync::InterpreterLocal;

    static ATTEMPTS: InterpreterLocal<AtomicU32> = InterpreterLocal::new();

    static THINGS: AtomicI64 = AtomicI64::new(0);

    /// A class whose instance could be left behind.
    #[pyclass]
    struct Thing;

    #[pymethods]
    impl Thing {
        #[new]
        fn new() -> Self {
            THINGS.fetch_add(1, Ordering::Relaxed);
            Self
        }
    }

    impl Drop for Thing {
        fn drop(&mut self) {
            THINGS.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of live things in the process.
    #[pyfunction]
    fn things() -> i64 {
        THINGS.load(Ordering::Relaxed)
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add_class::<Thing>()?;
        module.add("marker", Py::new(module.py(), Thing::new())?)?;
        let attempts = ATTEMPTS.get_or_init(module.py(), || AtomicU32::new(0));
        match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Err(PyRuntimeError::new_err("not this time")),
            _ => Ok(()),
        }
    }
}

/// A module with modules in it, to be loaded as a part of a package.
#[pyatoll::pymodule]
pub mod pyatoll_tests_tree {
    use pyatoll::prelude::*;

    #[pyclass(pickle, eq)]
    #[derive(PartialEq)]
    struct Trunk;

    #[pymethods]
    impl Trunk {
        #[new]
        fn new() -> Self {
            Self
        }
    }

    #[pymodule]
    mod branch {
        use pyatoll::prelude::*;

        #[pyclass(pickle, eq)]
        #[derive(PartialEq, Clone)]
        enum Leaf {
            Green(u8),
        }

        #[pyclass(enum = "Enum")]
        enum Season {
            Summer,
        }

        #[pyfunction]
        fn grow() -> i32 {
            1
        }
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let by_hand = PyModule::new(module.py(), "by_hand")?;
        by_hand.add_function(wrap_pyfunction!(from_hand, &by_hand)?)?;
        module.add_submodule(&by_hand)
    }

    #[pyfunction]
    fn from_hand() -> i32 {
        2
    }
}
