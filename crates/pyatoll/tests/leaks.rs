//! Operations on handles and types leak neither references nor memory blocks. Alone in its process,
//! so that no other test changes the interpreter's counts.

use pyatoll::prelude::*;
use pyatoll::types::{
    CompareOp, PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyFloat, PyInt, PyList,
    PyMemoryView, PyRange, PyRangeMethods, PySlice, PyString, PyTuple,
};
use pyatoll::{intern, py_format};

const CALLS: usize = 1000;

/// Returns the memory blocks in use and, on debug builds, the total reference count, after a
/// collection.
fn counts(py: Python<'_>) -> [isize; 2] {
    py.import("gc").unwrap().call_method0("collect").unwrap();
    let sys = py.import("sys").unwrap();
    ["getallocatedblocks", "gettotalrefcount"].map(|name| match sys.getattr_opt(name).unwrap() {
        Some(count) => count.call0().unwrap().extract().unwrap(),
        None => 0,
    })
}

/// Runs `f` many times, after some runs to fill caches, and compares the counts: a leak of one
/// reference or block per run shows as growth by the number of runs.
fn check(py: Python<'_>, name: &str, f: impl Fn() -> PyResult<()>) {
    let run = |times| (0..times).for_each(|_| f().unwrap());
    run(100);
    let before = counts(py);
    run(CALLS);
    let after = counts(py);
    for (before, after) in before.into_iter().zip(after) {
        let grown = after - before;
        assert!(
            grown < CALLS as isize / 2,
            "{name}: {grown} in {CALLS} runs"
        );
    }
}

#[test]
fn handles_and_types_leak_nothing() {
    Python::attach(|py| {
        // A deliberate leak is detected.
        let before = counts(py);
        let kept: Vec<_> = (0..CALLS).map(|_| PyList::empty(py)).collect();
        assert!(counts(py)[0] - before[0] >= CALLS as isize / 2);
        drop(kept);

        // Too large for Python's cache of small integers.
        let big = 1_000_000_007_i64;
        let spy = py
            .eval(c"lambda *args, **kwargs: (args, kwargs)", None, None)
            .unwrap();
        let class = py.eval(c"type('Class', (), {})", None, None).unwrap();

        check(py, "calls", || {
            let kwargs = PyDict::new(py);
            kwargs.set_item("key", big)?;
            let tuple = PyTuple::new(py, [big, big])?;
            spy.call0()?;
            spy.call1((big, "text", 2.5))?;
            spy.call1(&tuple)?;
            spy.call1(tuple.clone().unbind())?;
            spy.call((big,), Some(&kwargs))?;
            spy.call(tuple, Some(&kwargs))?;
            let list = PyList::empty(py);
            list.call_method1("append", (big,))?;
            list.call_method0("copy")?;
            list.call_method("sort", (), None)?;
            assert!(list.call_method1("remove", (big + 1,)).is_err());
            assert!(list.call_method0("no_such_method").is_err());
            Ok(())
        });
        check(py, "attributes", || {
            let object = class.call0()?;
            object.setattr("name", big)?;
            object.setattr(intern!(py, "other"), py_format!(py, "{big}")?)?;
            assert!(object.hasattr("name")? && !object.hasattr("nothing")?);
            object.getattr("name")?;
            object.getattr_opt(intern!(py, "other"))?;
            assert!(object.getattr_opt("nothing")?.is_none());
            assert!(object.getattr("nothing").is_err());
            object.delattr("name")
        });
        check(py, "operators and comparison", || {
            let number = PyInt::new(py, big).into_any();
            number
                .add(big)?
                .sub(big)?
                .mul(big)?
                .floor_div(3)?
                .rem(1000)?;
            number.pow(2, py.None())?;
            number.divmod(7)?;
            number.neg()?.abs()?;
            number.rich_compare(2.5, CompareOp::Lt)?;
            assert!(number.eq(big)? && number.compare(big + 1)?.is_lt());
            assert!(number.add("text").is_err() && number.lt("text").is_err());
            Ok(())
        });
        check(py, "items", || {
            let dict = PyDict::new(py).into_any();
            dict.set_item("key", big)?;
            assert!(dict.get_item("key")?.eq(big)? && dict.contains("key")?);
            assert!(dict.get_item("nothing").is_err());
            dict.del_item("key")?;
            dict.repr()?;
            dict.str()?;
            dict.dir()?;
            dict.try_iter()?;
            assert!(dict.hash().is_err());
            dict.py_super()?;
            Ok(())
        });
        check(py, "numbers", || {
            assert!(PyInt::new(py, big) == big && PyInt::new(py, big) != 7u8);
            assert!(PyFloat::new(py, 2.5) == 2.5);
            assert!(PyBool::new(py, true).to_owned().is_true());
            let complex = PyComplex::from_doubles(py, 1.0, 2.0);
            let _ = (&complex + &complex) * (&complex - complex.clone()) / complex.clone();
            let _ = -&complex;
            PyComplexMethods::pow(&complex, &complex);
            PyComplexMethods::abs(&complex);
            Ok(())
        });
        check(py, "text and bytes", || {
            let text = PyString::new(py, "a text that is not interned €");
            assert_eq!(text, text.to_cow()?.as_ref());
            text.encode_utf8()?;
            let broken = text.py().eval(c"'\\ud800'", None, None)?;
            assert!(broken.cast::<PyString>()?.to_str().is_err());
            broken.cast::<PyString>()?.to_string_lossy();
            let bytes = PyBytes::new_with(py, 100, |data| {
                data.fill(b'x');
                Ok(())
            })?;
            PyString::from_encoded_object(&bytes, Some(c"latin-1"), None)?;
            assert!(PyString::from_bytes(py, b"\xff").is_err());
            PyString::intern(py, "a text that is interned for a moment");
            let array = PyByteArray::from(&bytes)?;
            PyMemoryView::from(&array)?;
            array.resize(5)
        });
        check(py, "slices and ranges", || {
            let slice = PySlice::new(py, 1_000_000, 2_000_000, 1_000);
            slice.indices(5_000_000)?;
            PySlice::full(py);
            let range = PyRange::new_with_step(py, 1_000_000, 2_000_000, 1_000)?;
            assert_eq!(
                (range.start()?, range.stop()?, range.step()?),
                (1_000_000, 2_000_000, 1_000)
            );
            Bound::<PySlice>::try_from(range)?;
            Ok(())
        });
    });
}
