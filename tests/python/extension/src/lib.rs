//! An extension module with every kind of entry point, for the tests in `tests/python`.
//!
//! | file | concern |
//! |---|---|
//! | `attaching` | functions that detach, and attach again |
//! | `functions` | functions of all shapes, errors, panics, closures |
//! | `scalars` | functions of many numbers |
//! | `round_trip` | a function with arguments that are hashed |
//! | `classes` | classes of all kinds |
//! | `protocols` | classes for the special methods |
//! | `coroutines` | functions and methods that are `async` |
//! | `crossing` | handles in a `static` shared by all interpreters |
//! | `statics` | per-interpreter values |
//! | `pickling` | what `pickle` carries between interpreters |
//! | `sharing` | classes whose values all interpreters share |
//! | `modules` | further modules of this library: restricted ones and one that fails |

mod attaching;
mod classes;
mod coroutines;
mod crossing;
mod functions;
mod modules;
mod pickling;
mod protocols;
mod round_trip;
mod scalars;
mod sharing;
mod statics;

use pyatoll::create_exception;
use pyatoll::exceptions::{PyException, PyValueError};
use pyatoll::prelude::*;

create_exception!(
    pyatoll_tests,
    BaseError,
    PyException,
    "The base of this module's errors."
);
create_exception!(pyatoll_tests, LeafError, BaseError);
create_exception!(
    pyatoll_tests,
    RefusedValue,
    PyValueError,
    "A value was refused."
);

/// Every kind of entry point.
#[pymodule]
mod pyatoll_tests {
    use pyatoll::prelude::*;

    #[pymodule_export]
    use super::attaching::{
        call_attached, call_deep, call_in_thread, id_after_attaching, interpreter_id, keep_calling,
        run_in_new_interpreter,
    };
    #[pymodule_export]
    use super::classes::{
        Accessors, Animal, Color, DictOfOurs, Dog, Frozen, Node, Open, Planet, Point, Properties,
        Shape, Unsendable,
    };
    #[pymodule_export]
    use super::coroutines::{Slow, cancelled, later};
    #[pymodule_export]
    use super::crossing::{
        drop_in_thread, drop_kept, get_kept, is_own, keep, kept_owner, take_kept, try_get_kept,
        use_kept_in_owner,
    };
    #[pymodule_export]
    use super::functions::{
        all_kinds, call_back, defaults, keyword_only, make_adder, make_counter, no_arguments,
        one_argument, panics, positional, positional_only, raise_error, same, swallow_error,
        with_module,
    };
    #[pymodule_export]
    use super::pickling::post;
    #[pymodule_export]
    use super::protocols::{
        AsyncSteps, Buffer, Callable, Descriptor, Guard, Mapping, Number, Ordered, Sequence, Steps,
        Sum,
    };
    #[pymodule_export]
    use super::round_trip::round_trip;
    #[pymodule_export]
    use super::scalars::{
        Numbers, every_scalar, forty_scalars, scalar_namesake, scalars_and_rest,
        scalars_between_texts, scalars_by_keyword,
    };
    #[pymodule_export]
    use super::sharing::{Block, Tally};
    #[pymodule_export]
    use super::statics::{count, counters, interned, singleton, template, wait_for_signal};
    #[pymodule_export]
    use super::{BaseError, LeafError, RefusedValue};

    #[pymodule_export]
    const ANSWER: i32 = 42;

    /// A module in the module.
    #[pymodule]
    mod inner {
        use pyatoll::prelude::*;

        /// Doubles the number.
        #[pyfunction]
        fn double(number: i64) -> i64 {
            number * 2
        }
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let name = module.name()?;
        module.add("from_init", name)
    }
}
