//! Promises of `datetime`'s types and conversions in every kind of interpreter, several at once.

mod collector;
#[path = "everywhere/kinds.rs"]
mod kinds;

use std::ffi::CStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pyatoll::exceptions::PyTypeError;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyDict, PyTime, PyTimeAccess,
    PyTuple, PyTzInfo, PyTzInfoAccess,
};
use pyatoll::{PyTraverseError, PyVisit};

use collector::collector;
use kinds::subs;

/// A time zone that is always one hour ahead. Its value counts the instances.
#[pyclass(extends = PyTzInfo, subclass)]
struct OneHour {
    #[pyo3(get)]
    name: &'static str,
    _counted: Counted,
}

struct Counted;

static INSTANCES: AtomicUsize = AtomicUsize::new(0);

impl Drop for Counted {
    fn drop(&mut self) {
        INSTANCES.fetch_sub(1, Ordering::Relaxed);
    }
}

#[pymethods]
impl OneHour {
    #[new]
    fn new() -> Self {
        INSTANCES.fetch_add(1, Ordering::Relaxed);
        Self {
            name: "one hour",
            _counted: Counted,
        }
    }

    fn utcoffset<'py>(
        &self,
        py: Python<'py>,
        when: Option<&Bound<'py, PyDateTime>>,
    ) -> PyResult<Bound<'py, PyDelta>> {
        let _ = when;
        PyDelta::new(py, 0, 3600, 0, true)
    }

    fn dst(&self, _when: Option<&Bound<'_, PyDateTime>>) -> Duration {
        Duration::ZERO
    }

    fn tzname(&self, _when: Option<&Bound<'_, PyDateTime>>) -> &'static str {
        self.name
    }
}

/// The tests count the instances of one class.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Makes the `datetime` of a new interpreter the one that is written in Python.
const WITHOUT_C: &CStr = c"
import sys
assert 'datetime' not in sys.modules
sys.modules['_datetime'] = sys.modules['_zoneinfo'] = None
";

/// Calls `f` in the main interpreter, in a sub-interpreter of each kind, and in one whose
/// `datetime` is written in Python.
fn everywhere(f: impl Fn(Python<'_>) -> PyResult<()> + Send + Sync) {
    Python::initialize();
    let run = |py: Python<'_>| {
        if let Err(error) = f(py) {
            error.print(py);
            panic!("{error}");
        }
    };
    Python::attach(run);
    let without_c = subs().take(2).map(|sub| (sub, WITHOUT_C));
    for (sub, setup) in subs().map(|sub| (sub, c"")).chain(without_c) {
        sub.attach(|py| {
            py.run(setup, None, None).unwrap();
            run(py);
        })
        .unwrap();
        sub.close().unwrap();
    }
}

/// Evaluates an expression in which `d` is the module `datetime`, and `OneHour` the class.
fn eval<'py>(py: Python<'py>, code: &CStr) -> PyResult<Bound<'py, PyAny>> {
    let names = PyDict::new(py);
    names.set_item("d", py.import("datetime")?)?;
    names.set_item("OneHour", py.get_type::<OneHour>())?;
    py.eval(code, Some(&names), None)
}

#[test]
fn every_interpreter_has_its_own_dates_and_times() {
    everywhere(|py| {
        let utc = PyTzInfo::utc(py)?;
        assert!(utc.is(eval(py, c"d.timezone.utc")?));
        let date = PyDate::new(py, 2024, 2, 29)?;
        assert_eq!(
            (date.get_year(), date.get_month(), date.get_day()),
            (2024, 2, 29)
        );
        assert!(date.eq(eval(py, c"d.date(2024, 2, 29)")?)?);
        let time = PyTime::new_with_fold(py, 23, 59, 58, 999_999, Some(&utc), true)?;
        assert_eq!((time.get_hour(), time.get_minute()), (23, 59));
        assert_eq!((time.get_second(), time.get_microsecond()), (58, 999_999));
        assert!(time.get_fold() && time.get_tzinfo().unwrap().is(utc));
        let both = PyDateTime::new(py, 1, 2, 3, 4, 5, 6, 7, Some(&utc))?;
        assert_eq!((both.get_year(), both.get_microsecond()), (1, 7));
        assert!(!both.get_fold() && both.get_tzinfo().unwrap().is(utc));
        assert!(both.is_instance_of::<PyDate>() && !date.is_instance_of::<PyDateTime>());
        let naive = eval(py, c"d.datetime(1, 1, 1)")?.cast_into::<PyDateTime>()?;
        assert!(naive.get_tzinfo().is_none());
        let delta = PyDelta::new(py, 1, -1, -1, true)?;
        assert_eq!(
            (
                delta.get_days(),
                delta.get_seconds(),
                delta.get_microseconds()
            ),
            (0, 86_398, 999_999)
        );
        let offset = PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, 3600, 0, true)?)?;
        assert!(offset.eq(eval(py, c"d.timezone(d.timedelta(hours=1))")?)?);
        let epoch = PyDateTime::from_timestamp(py, 0.0, Some(&utc))?;
        assert_eq!(epoch.to_string(), "1970-01-01 00:00:00+00:00");
        assert_eq!(PyDate::from_timestamp(py, 1e9)?.get_year(), 2001);
        for error in [
            PyDate::new(py, 2023, 2, 29).unwrap_err(),
            PyTime::new(py, 24, 0, 0, 0, None).unwrap_err(),
            PyDateTime::new(py, 0, 1, 1, 0, 0, 0, 0, None).unwrap_err(),
            PyTzInfo::fixed_offset(py, PyDelta::new(py, 1, 0, 0, true)?).unwrap_err(),
        ] {
            assert!(error.to_string().starts_with("ValueError: "), "{error}");
        }
        if let Ok(paris) = PyTzInfo::timezone(py, "Europe/Paris") {
            assert_eq!(paris.to_string(), "Europe/Paris");
        }
        Ok(())
    });
}

#[test]
fn fields_do_not_depend_on_what_a_subclass_overrides() {
    everywhere(|py| {
        let code = c"type('Odd', (d.datetime,), {'year': 7, 'hour': 'x', 'fold': 1, 'tzinfo': 3})(\
            2024, 2, 29, 8)";
        let odd = eval(py, code)?.cast_into::<PyDateTime>()?;
        assert_eq!(
            (odd.get_year(), odd.get_hour(), odd.get_fold()),
            (2024, 8, false)
        );
        // In C, the constructor of the base sets the field; in Python, the property is read.
        assert!(odd.get_tzinfo().is_none());
        Ok(())
    });
}

#[test]
fn a_class_extends_tzinfo() {
    let _alone = alone();
    everywhere(|py| {
        let before = INSTANCES.load(Ordering::Relaxed);
        let zone = Bound::new(py, OneHour::new())?.into_any();
        assert!(zone.is_instance_of::<PyTzInfo>());
        let base: &Bound<'_, PyTzInfo> = zone.cast()?;
        let when = PyDateTime::new(py, 2024, 1, 1, 0, 30, 0, 0, Some(base))?;
        assert_eq!(when.to_string(), "2024-01-01 00:30:00+01:00");
        let utc = when.call_method1("astimezone", (PyTzInfo::utc(py)?,))?;
        assert_eq!(utc.to_string(), "2023-12-31 23:30:00+00:00");
        let back = utc.call_method1("astimezone", (&zone,))?;
        assert!(back.eq(&when)?);
        assert_eq!(back.call_method0("tzname")?.to_string(), "one hour");
        let found = when.get_tzinfo().unwrap();
        assert_eq!(found.cast::<OneHour>()?.borrow().name, "one hour");

        let text = eval(
            py,
            c"str(d.datetime(2024, 1, 1, tzinfo=type('Sub', (OneHour,), {'x': 1})()))",
        )?;
        assert_eq!(text.to_string(), "2024-01-01 00:00:00+01:00");
        // A cycle through the attributes of a Python subclass is collected.
        let cycle = eval(
            py,
            c"(lambda s: s.__dict__.update(me=s))(\
                type('Sub', (OneHour,), {})())",
        )?;
        drop((zone, when, back, found, text, cycle));
        collector(py).call0()?;
        assert_eq!(INSTANCES.load(Ordering::Relaxed), before);
        Ok(())
    });
}

#[test]
fn interpreters_create_check_and_drop_datetimes_at_once_and_end_in_any_order() {
    Python::initialize();
    let kept: Mutex<Vec<Py<PyDateTime>>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let kept = &kept;
            scope.spawn(move || {
                for round in 0..3_i32 {
                    let subs = [0, 1].map(|_| SubInterpreter::builder().build().unwrap());
                    for (sub, month) in subs.iter().zip(1..) {
                        sub.attach(|py| {
                            for day in 1..=28 {
                                let utc = PyTzInfo::utc(py).unwrap();
                                let when = PyDateTime::new(
                                    py,
                                    2000 + round,
                                    month,
                                    day,
                                    thread,
                                    0,
                                    0,
                                    0,
                                    Some(&utc),
                                )
                                .unwrap();
                                let any = when.clone().into_any();
                                let again = any.cast::<PyDateTime>().unwrap();
                                assert_eq!(again.get_year(), 2000 + round);
                                assert_eq!((again.get_month(), again.get_hour()), (month, thread));
                                if day % 7 == 0 {
                                    kept.lock().unwrap().push(when.unbind());
                                }
                            }
                        })
                        .unwrap();
                    }
                    let [first, second] = subs;
                    let (first, second) = if round % 2 == 0 {
                        (first, second)
                    } else {
                        (second, first)
                    };
                    first.close().unwrap();
                    // Some belong to interpreters that have ended, some to running ones.
                    let dropped: Vec<_> = kept.lock().unwrap().drain(..).collect();
                    drop(dropped);
                    second.close().unwrap();
                }
            });
        }
    });
    Python::attach(|py| assert!(PyDate::new(py, 2024, 2, 29).is_ok()));
}

#[test]
fn a_datetime_is_refused_by_another_interpreter_and_may_outlive_its_own() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let (zone, delta) = sub
        .attach(|py| {
            let zone = PyTzInfo::utc(py)?.to_owned().unbind();
            Ok::<_, PyErr>((zone, PyDelta::new(py, 1, 2, 3, true)?.unbind()))
        })
        .unwrap()
        .unwrap();
    Python::attach(|py| {
        let own = PyDelta::new(py, 1, 2, 3, true).unwrap();
        assert_eq!(own.get_days(), 1);
        assert!(zone.try_bind(py).is_err() && delta.try_bind(py).is_err());
    });
    let copy = sub.attach(|py| delta.clone_ref(py)).unwrap();
    Python::attach(|_| drop(copy));
    sub.close().unwrap();
    Python::attach(|py| assert!(delta.try_bind(py).is_err()));
    drop((zone, delta));
}

/// Code that calls functions of the C API may rely on it, as with PyO3.
#[cfg(not(Py_LIMITED_API))]
#[test]
fn a_use_of_a_type_sets_the_c_apis_pointer() {
    use pyatoll::ffi;

    let table_of = |py: Python<'_>| {
        let date = PyDate::new(py, 2024, 2, 29).unwrap();
        assert!(PyErr::take(py).is_none());
        // SAFETY: attached; null, or a table that stays.
        unsafe {
            let table = ffi::PyDateTimeAPI();
            assert!(!table.is_null());
            assert_eq!(ffi::PyDate_Check(date.as_ptr()), 1);
            table
        }
    };
    Python::initialize();
    let table = Python::attach(table_of);
    for sub in subs() {
        // Where the module in C is not safe, Python's has other classes.
        let has_c = |py: Python<'_>| py.version_info() >= (3, 13);
        if sub.attach(has_c).unwrap() {
            assert_eq!(sub.attach(table_of).unwrap(), table);
        }
        sub.close().unwrap();
    }
    assert_eq!(Python::attach(table_of), table);
}

#[test]
fn a_failed_import_is_an_error_until_it_succeeds() {
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let code = c"import sys, types; sys.modules['datetime'] = types.ModuleType('datetime')";
        py.run(code, None, None).unwrap();
        for _ in 0..2 {
            let error = PyDate::new(py, 2024, 2, 29).unwrap_err().to_string();
            let expected = "AttributeError: module 'datetime' has no attribute 'datetime_CAPI'";
            assert_eq!(error, expected);
        }
        py.run(c"sys.modules['datetime'] = None", None, None)
            .unwrap();
        let error = PyDate::new(py, 2024, 2, 29).unwrap_err().to_string();
        assert!(error.starts_with("ModuleNotFoundError: "), "{error}");
        py.run(c"del sys.modules['datetime']", None, None).unwrap();
        assert_eq!(PyDate::new(py, 2024, 2, 29).unwrap().get_day(), 29);
    })
    .unwrap();
    sub.close().unwrap();
}

#[test]
fn damaged_private_attributes_are_reported_and_read_as_zero() {
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        py.run(WITHOUT_C, None, None)?;
        let code = c"
import datetime, sys
reported = []
sys.unraisablehook = lambda report: reported.append(report.exc_type.__name__)
date = datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)
date._month, date._day, date._tzinfo = 'February', 1 << 40, 3
";
        let names = PyDict::new(py);
        py.run(code, Some(&names), None)?;
        let date = names.get_item("date")?.unwrap().cast_into::<PyDateTime>()?;
        assert_eq!(
            (date.get_year(), date.get_month(), date.get_day()),
            (2024, 0, 0)
        );
        assert!(date.get_tzinfo().is_none());
        let reported = names.get_item("reported")?.unwrap();
        assert_eq!(reported.to_string(), "['TypeError', 'OverflowError']");
        Ok::<_, PyErr>(())
    })
    .unwrap()
    .unwrap();
    sub.close().unwrap();
}

#[test]
fn durations_and_times_of_rust_convert_everywhere() {
    everywhere(|py| {
        let delta = Duration::new(90_061, 1_000).into_pyobject(py)?;
        assert_eq!(delta.to_string(), "1 day, 1:01:01.000001");
        assert_eq!(delta.extract::<Duration>()?, Duration::new(90_061, 1_000));
        let time = std::time::UNIX_EPOCH - Duration::from_secs(1);
        let object: Bound<'_, PyDateTime> = time.into_pyobject(py)?;
        assert_eq!(object.to_string(), "1969-12-31 23:59:59+00:00");
        assert_eq!(object.extract::<std::time::SystemTime>()?, time);
        Ok(())
    });
}

/// Defines a class that extends a type of `datetime` and takes the base's arguments.
macro_rules! extended {
    ($($name:ident: $base:ty;)*) => {$(
        #[pyclass(extends = $base, subclass, dict, weakref)]
        struct $name {
            #[pyo3(get, set)]
            note: Option<Py<PyAny>>,
            _counted: Counted,
        }

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = (*args))]
            fn new(args: &Bound<'_, PyTuple>) -> PyResult<PyClassInitializer<Self>> {
                INSTANCES.fetch_add(1, Ordering::Relaxed);
                let value = Self { note: None, _counted: Counted };
                PyClassInitializer::from(value).with_base_args(args.py(), args.clone())
            }

            fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                visit.call(&self.note)
            }

            fn __clear__(&mut self) {
                self.note = None;
            }
        }
    )*};
}

extended! {
    NotedDate: PyDate;
    NotedDateTime: PyDateTime;
    NotedTime: PyTime;
    NotedDelta: PyDelta;
}

/// Uses the classes; `d` is the module `datetime`, and `collect` a [`collector`].
const USE_EXTENDED: &CStr = c"
import weakref
utc = d.timezone.utc
cases = [
    (NotedDate, d.date, (2024, 2, 29)),
    (NotedDateTime, d.datetime, (2024, 2, 29, 20, 15)),
    (NotedDateTime, d.datetime, (2024, 2, 29, 20, 15, 1, 2, utc)),
    (NotedTime, d.time, (20, 15)),
    (NotedTime, d.time, (20, 15, 1, 2, utc)),
    (NotedDelta, d.timedelta, (1, 2, 3)),
]
for extended, base, args in cases:
    class Sub(extended):
        __slots__ = ('slot',)
    for cls in (extended, Sub):
        assert issubclass(cls, base)
        value = cls(*args)
        assert value == base(*args) and hash(value) == hash(base(*args)), value
        assert str(value) == str(base(*args))
        assert value.note is None
        value.note = value  # a cycle
        value.more = [value]
        if cls is Sub:
            value.slot = value
        assert value.note is value and value == base(*args)
        gone = weakref.ref(value)
        del value
        collect()
        assert gone() is None
        assert cls(*args).note is None  # deallocated at once
        if base is not d.timedelta:
            # Calls the class.
            assert type(cls(*args).replace()) is cls
    try:
        extended('no', 'numbers')
    except TypeError:
        pass
    else:
        raise AssertionError(extended)
assert type(NotedDate.fromisoformat('2024-02-29') + d.timedelta(1)) is NotedDate
assert NotedDateTime.now(utc).tzinfo is utc
assert NotedDateTime(2024, 2, 29) - NotedDateTime(2024, 2, 28) == NotedDelta(1)
many = [NotedDateTime(2024, 2, 29, tzinfo) for tzinfo in range(24)] * 10
del many
";

#[test]
fn classes_extend_dates_and_times_of_c() {
    let _alone = alone();
    let before = INSTANCES.load(Ordering::Relaxed);
    everywhere(|py| {
        let names = PyDict::new(py);
        names.set_item("d", py.import("datetime")?)?;
        let is_c = py.import("datetime")?.hasattr("datetime_CAPI")?;
        if !is_c {
            let message = "a class cannot extend a type of 'datetime' in this interpreter, where \
                           the module is written in Python";
            for _ in 0..2 {
                let value = NotedDate {
                    note: None,
                    _counted: Counted,
                };
                INSTANCES.fetch_add(1, Ordering::Relaxed);
                let error = Bound::new(py, value).unwrap_err().cause(py).unwrap();
                assert!(error.is_instance_of::<PyTypeError>(py), "{error}");
                assert!(error.to_string().contains(message), "{error}");
            }
            return Ok(());
        }
        names.set_item("collect", collector(py))?;
        names.set_item("NotedDate", py.get_type::<NotedDate>())?;
        names.set_item("NotedDateTime", py.get_type::<NotedDateTime>())?;
        names.set_item("NotedTime", py.get_type::<NotedTime>())?;
        names.set_item("NotedDelta", py.get_type::<NotedDelta>())?;
        py.run(USE_EXTENDED, Some(&names), None)?;
        // An instance is one of the base in Rust, too.
        let date = py.get_type::<NotedDate>().call1((2024, 2, 29))?;
        let date: &Bound<'_, PyDate> = date.cast()?;
        assert_eq!(
            (date.get_year(), date.get_month(), date.get_day()),
            (2024, 2, 29)
        );
        // Those that the interpreter's end finds.
        py.import("builtins")?.setattr("kept", date)?;
        Ok(())
    });
    Python::attach(|py| {
        py.import("builtins")?.delattr("kept")?;
        collector(py).call0().map(drop)
    })
    .unwrap();
    assert_eq!(INSTANCES.load(Ordering::Relaxed), before);
}
