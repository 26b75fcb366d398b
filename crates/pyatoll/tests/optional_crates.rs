//! Conversions for other crates, in several interpreters at once, and after errors midway.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bigdecimal::BigDecimal;
use bytes::Bytes;
use either::Either;
use hashbrown::{HashMap, HashSet};
use indexmap::IndexMap;
use num_bigint::{BigInt, BigUint};
use num_complex::Complex;
use num_rational::Ratio;
use ordered_float::NotNan;
use pyatoll::conversion::FromPyObjectOwned;
use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::{Borrowed, IntoPyObjectExt};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use uuid::{NonNilUuid, Uuid};

/// Converts a value to Python, where it must be an instance of this interpreter's class, and back.
fn round_trip<T>(py: Python<'_>, value: &T, module: &str, class: &str) -> PyResult<()>
where
    T: for<'py> FromPyObjectOwned<'py> + for<'py> IntoPyObject<'py>,
    T: Clone + PartialEq + std::fmt::Debug,
{
    let object = value.clone().into_bound_py_any(py)?;
    assert!(object.is_exact_instance(&py.import(module)?.getattr(class)?));
    assert_eq!(&object.extract::<T>().map_err(Into::into)?, value);
    Ok(())
}

fn round_trips(py: Python<'_>, number: i64) -> PyResult<()> {
    let big: BigInt = BigInt::from(number) << 100;
    round_trip(py, &big, "builtins", "int")?;
    round_trip(py, big.magnitude(), "builtins", "int")?;
    round_trip(py, &Complex::new(number as f64, 0.5), "builtins", "complex")?;
    round_trip(py, &Ratio::new(number, 7), "fractions", "Fraction")?;
    round_trip(
        py,
        &Ratio::new(big.clone(), 7.into()),
        "fractions",
        "Fraction",
    )?;
    round_trip(py, &Decimal::new(number, 3), "decimal", "Decimal")?;
    round_trip(py, &BigDecimal::new(big, 7), "decimal", "Decimal")?;
    let uuid = Uuid::from_u128(number as u128 + 1);
    round_trip(py, &uuid, "uuid", "UUID")?;
    round_trip(py, &NonNilUuid::new(uuid).unwrap(), "uuid", "UUID")?;
    round_trip(py, &Bytes::from(number.to_string()), "builtins", "bytes")?;
    let map: IndexMap<String, SmallVec<[Uuid; 2]>> = [
        ("a".into(), [uuid; 2].into()),
        ("b".into(), [uuid; 3].as_slice().into()),
    ]
    .into();
    round_trip(py, &map, "builtins", "dict")?;
    let set: HashSet<Either<String, i64>> =
        [Either::Left(number.to_string()), Either::Right(number)].into();
    round_trip(py, &set, "builtins", "set")
}

#[test]
fn interpreters_convert_at_once_and_end_in_any_order() {
    const INTERPRETERS: usize = 4;
    Python::initialize();
    let start = Barrier::new(INTERPRETERS + 1);
    thread::scope(|scope| {
        for index in 0..INTERPRETERS {
            let start = &start;
            scope.spawn(move || {
                let gil = if index == 0 { Gil::Shared } else { Gil::Own };
                for round in 0..2 {
                    let sub = SubInterpreter::builder().gil(gil).build().unwrap();
                    if round == 0 {
                        start.wait();
                    }
                    sub.attach(|py| (0..50).try_for_each(|number| round_trips(py, number)))
                        .unwrap()
                        .unwrap();
                    sub.close().unwrap();
                }
            });
        }
        start.wait();
        Python::attach(|py| (0..100).try_for_each(|number| round_trips(py, number))).unwrap();
    });
    Python::attach(|py| round_trips(py, 7)).unwrap();
}

/// Counts its live instances. The one numbered 3 cannot be hashed, and refuses to be copied.
#[pyclass]
struct Item(u32);

static ITEMS: AtomicUsize = AtomicUsize::new(0);

impl Item {
    fn new(number: u32) -> Self {
        ITEMS.fetch_add(1, Ordering::SeqCst);
        Self(number)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        ITEMS.fetch_sub(1, Ordering::SeqCst);
    }
}

#[pymethods]
impl Item {
    fn __hash__(&self) -> PyResult<isize> {
        match self.0 {
            3 => Err(pyatoll::exceptions::PyValueError::new_err(
                "unhashable item",
            )),
            number => Ok(number as isize),
        }
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// A number that becomes an [`Item`].
#[derive(PartialEq, Eq, Hash)]
struct Number(u32);

impl<'py> IntoPyObject<'py> for Number {
    type Target = Item;
    type Output = Bound<'py, Item>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Bound::new(py, Item::new(self.0))
    }
}

/// An [`Item`] that is kept, unless it is number 3.
#[derive(Debug)]
#[allow(dead_code)]
struct Kept(Py<Item>);

impl<'a, 'py> FromPyObject<'a, 'py> for Kept {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let item = object.cast::<Item>()?;
        if item.borrow().0 == 3 {
            return Err(pyatoll::exceptions::PyValueError::new_err("not this one"));
        }
        Ok(Self(item.to_owned().unbind()))
    }
}

#[test]
fn an_error_midway_leaves_nothing_behind() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        // To Python: what was converted before the error is released.
        let keys: IndexMap<_, _> = (0..6).map(|number| (Number(number), number)).collect();
        let error = keys.into_bound_py_any(py).unwrap_err();
        assert_eq!(error.to_string(), "ValueError: unhashable item");
        let keys: HashMap<_, _> = (0..6).map(|number| (Number(number), number)).collect();
        drop(keys.into_bound_py_any(py).unwrap_err());
        let set: HashSet<_> = (0..6).map(Number).collect();
        drop(set.into_bound_py_any(py).unwrap_err());
        drop(error);
        assert_eq!(ITEMS.load(Ordering::SeqCst), 0);
        assert!(PyErr::take(py).is_none());

        // From Python: so are the values that hold objects.
        let list = (0..6)
            .map(Number)
            .collect::<SmallVec<[_; 8]>>()
            .into_bound_py_any(py)?;
        let dict = py.eval(
            c"lambda items: {i: item for i, item in enumerate(items)}",
            None,
            None,
        )?;
        let dict = dict.call1((&list,))?;
        let counts = || -> PyResult<Vec<isize>> {
            list.try_iter()?
                .map(|item| Ok(item?.get_refcnt()))
                .collect()
        };
        let before = counts()?;
        for error in [
            list.extract::<SmallVec<[Kept; 8]>>().unwrap_err(),
            list.extract::<SmallVec<[Kept; 1]>>().unwrap_err(),
            dict.extract::<IndexMap<u8, Kept>>().unwrap_err(),
            dict.extract::<HashMap<u8, Kept>>().unwrap_err(),
        ] {
            assert_eq!(error.to_string(), "ValueError: not this one");
        }
        let neither = dict.extract::<Either<IndexMap<u8, Kept>, SmallVec<[Kept; 8]>>>();
        assert!(
            neither
                .unwrap_err()
                .to_string()
                .starts_with("TypeError: failed to convert")
        );
        assert_eq!(counts()?, before);
        assert!(PyErr::take(py).is_none());
        Ok::<_, PyErr>(())
    })
    .unwrap()
    .unwrap();
    sub.close().unwrap();
    assert_eq!(ITEMS.load(Ordering::SeqCst), 0);
}

#[pyclass]
#[derive(Serialize, Deserialize)]
struct Station {
    name: String,
    next: Option<Py<Station>>,
}

const STATIONS: &str = r#"{"name":"a","next":{"name":"b","next":null}}"#;

#[test]
fn instances_are_serialized_in_their_interpreter() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let station: Py<Station> = sub
        .attach(|_| serde_json::from_str(STATIONS).unwrap())
        .unwrap();
    assert!(station.interpreter() == sub.interpreter());
    let serialize = || serde_json::to_string(&station).map_err(|error| error.to_string());
    // On a thread that is attached nowhere, there, and in another interpreter.
    assert_eq!(serialize().unwrap(), STATIONS);
    assert_eq!(sub.attach(|_| serialize()).unwrap().unwrap(), STATIONS);
    let elsewhere = Python::attach(|_| serialize()).unwrap_err();
    assert!(elsewhere.contains("attached to interpreter"), "{elsewhere}");
    assert_eq!(Python::attach(|py| py.detach(serialize)).unwrap(), STATIONS);
    sub.close().unwrap();
    let gone = serialize().unwrap_err();
    assert!(gone.contains("ended"), "{gone}");
}

#[test]
fn a_mutably_borrowed_instance_is_not_serialized() {
    Python::attach(|py| {
        let station: Py<Station> = serde_json::from_str(STATIONS).unwrap();
        let mut borrowed = station.borrow_mut(py);
        borrowed.name = "c".into();
        let error = serde_json::to_string(&station).unwrap_err();
        assert_eq!(error.to_string(), "Already mutably borrowed");
        drop(borrowed);
        assert!(
            serde_json::to_string(&station)
                .unwrap()
                .contains(r#""name":"c""#)
        );
        assert!(serde_json::from_str::<Py<Station>>("{}").is_err());
    });
}

type Values = (
    BigUint,
    Complex<f32>,
    NotNan<f64>,
    Either<String, Vec<i64>>,
    Bytes,
);

/// Uses every conversion as an argument and a result.
#[pyfunction]
fn passed(
    big: BigUint,
    complex: Complex<f32>,
    not_nan: NotNan<f64>,
    either: Either<String, Vec<i64>>,
    bytes: Bytes,
) -> anyhow::Result<Values> {
    anyhow::ensure!(!bytes.is_empty(), "no bytes");
    Ok((big, complex, not_nan, either, bytes))
}

#[test]
fn functions_take_and_return_them() {
    Python::attach(|py| {
        let passed = wrap_pyfunction!(passed, py)?;
        let call = |code| {
            passed.call1(
                py.eval(code, None, None)?
                    .cast_into::<pyatoll::types::PyTuple>()?,
            )
        };
        let result = call(c"(1 << 70, 1j, 2, [3], b'4')")?;
        assert_eq!(
            result.to_string(),
            "(1180591620717411303424, 1j, 2.0, [3], b'4')"
        );
        for (code, expected) in [
            (c"(1, 1j, 2, 'a', b'')", "RuntimeError: no bytes"),
            (
                c"(-1, 1j, 2, 'a', b'b')",
                "OverflowError: can't convert negative int to unsigned",
            ),
            (
                c"(1, 1j, float('nan'), 'a', b'b')",
                "ValueError: NotNan constructed with NaN",
            ),
            (
                c"(1, 1j, 2, 3, b'b')",
                "TypeError: failed to convert the value to 'Union[",
            ),
        ] {
            let error = call(code).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        Ok::<_, PyErr>(())
    })
    .unwrap();
}
