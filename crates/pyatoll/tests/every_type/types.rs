//! Types that are not conversions: buffers, borrowed text and bytes, `marshal`, errors of other
//! crates, serialized instances, locks.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Mutex, Once, OnceLock, RwLock};

use pyatoll::IntoPyObjectExt;
use pyatoll::buffer::{PyBuffer, PyUntypedBuffer};
use pyatoll::exceptions::{PyKeyError, PyRuntimeError, PyValueError};
use pyatoll::marshal;
use pyatoll::prelude::*;
use pyatoll::pybacked::{PyBackedBytes, PyBackedStr};
use pyatoll::sync::{MutexExt, OnceExt, OnceLockExt, RwLockExt};
use pyatoll::types::{PyBytes, PyContext};
use serde::{Deserialize, Serialize};

pub fn types(py: Python<'_>, wrong: &[Bound<'_, PyAny>]) -> PyResult<()> {
    buffers(py, wrong)?;
    backed(py, wrong)?;
    written(py)?;
    errors(py)?;
    serialized(py)?;
    locked(py);
    Ok(())
}

fn buffers(py: Python<'_>, wrong: &[Bound<'_, PyAny>]) -> PyResult<()> {
    let array = py.eval(c"__import__('array').array('d', [1.5] * 9)", None, None)?;
    let buffer = PyBuffer::<f64>::get(&array)?;
    buffer.copy_from_slice(py, &[2.5; 9])?;
    assert_eq!(buffer.to_vec(py)?, [2.5; 9]);
    PyUntypedBuffer::get(&array)?.release(py);
    drop(PyBuffer::<u8>::get(&array).unwrap_err());
    // Dropped by a detached thread, which leaves it to the interpreter.
    py.detach(|| drop(buffer));
    for object in wrong {
        if let Ok(buffer) = object.extract::<PyBuffer<u8>>() {
            assert_eq!(buffer.to_vec(py)?.len(), object.len()?);
        }
    }
    Ok(())
}

fn backed(py: Python<'_>, wrong: &[Bound<'_, PyAny>]) -> PyResult<()> {
    for object in wrong {
        if let Ok(text) = object.extract::<PyBackedStr>() {
            assert_eq!(text.clone_ref(py).into_pyobject(py)?.to_string(), &*text);
        }
        if let Ok(bytes) = object.extract::<PyBackedBytes>() {
            assert_eq!(bytes.clone_ref(py).into_pyobject(py)?.as_bytes(), &*bytes);
            py.detach(|| drop(bytes));
        }
    }
    Ok(())
}

fn written(py: Python<'_>) -> PyResult<()> {
    let bytes = PyBytes::new_with_writer(py, 4, |writer| {
        writer.write_bytes(b"longer than four")?;
        Ok(write!(writer, " {}", 7)?)
    })?;
    let refused = PyBytes::new_with_writer(py, 4, |writer| {
        writer.write_bytes(b"lost")?;
        Err(PyValueError::new_err("not this one"))
    });
    drop(refused.unwrap_err());
    let dumped = marshal::dumps(
        &(&bytes, 1_u128 << 70).into_bound_py_any(py)?,
        marshal::VERSION,
    )?;
    assert!(marshal::loads(py, &dumped)?.get_item(0)?.eq(&bytes)?);
    drop(marshal::loads(py, b"no such thing").unwrap_err());
    let context = py.import("contextvars")?.call_method0("copy_context")?;
    let context = context.cast_into::<PyContext>()?;
    assert!(context.is_exact_instance_of::<PyContext>());
    Ok(())
}

/// Converts errors of other crates to exceptions, with those of Python in their chains.
fn errors(py: Python<'_>) -> PyResult<()> {
    let inner = || PyKeyError::new_err("inner");
    let mut text = String::new();
    for error in [
        PyErr::from(anyhow::anyhow!("of anyhow")),
        anyhow::Error::new(inner()).into(),
        anyhow::Error::new(inner()).context("outer").into(),
        PyErr::from(eyre::eyre!("of eyre")),
        eyre::Report::new(inner()).into(),
        eyre::Report::new(inner()).wrap_err("outer").into(),
    ] {
        let is_runtime = error.is_instance_of::<PyRuntimeError>(py);
        let _ = writeln!(text, "{is_runtime} {error}");
        drop(error.into_value(py));
    }
    for expected in [
        "true RuntimeError: of anyhow",
        "false KeyError: 'inner'",
        "of eyre",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    Ok(())
}

#[pyclass]
#[derive(Serialize, Deserialize)]
struct Station {
    name: String,
    next: Option<Py<Station>>,
}

fn serialized(py: Python<'_>) -> PyResult<()> {
    let text = r#"{"name":"a","next":{"name":"b","next":null}}"#;
    let station: Py<Station> = serde_json::from_str(text).expect("the text is valid");
    let borrowed = station.borrow_mut(py);
    assert!(serde_json::to_string(&station).is_err());
    drop(borrowed);
    assert_eq!(serde_json::to_string(&station).ok().as_deref(), Some(text));
    assert!(serde_json::from_str::<Py<Station>>(r#"{"name":"a","next":7}"#).is_err());
    Ok(())
}

/// Takes locks that other threads and interpreters take as well.
fn locked(py: Python<'_>) {
    static STANDARD: (Mutex<u64>, RwLock<u64>, Once, OnceLock<u64>) =
        (Mutex::new(0), RwLock::new(0), Once::new(), OnceLock::new());
    static PARKED: (
        parking_lot::Mutex<u64>,
        parking_lot::RwLock<u64>,
        parking_lot::Once,
    ) = (
        parking_lot::Mutex::new(0),
        parking_lot::RwLock::new(0),
        parking_lot::Once::new(),
    );
    let (mutex, lock, once, cell) = &STANDARD;
    *mutex.lock_py_attached(py).expect("nobody panics") += 1;
    *lock.write_py_attached(py).expect("nobody panics") += 1;
    assert!(*lock.read_py_attached(py).expect("nobody panics") > 0);
    once.call_once_py_attached(py, || ());
    assert_eq!(cell.get_or_init_py_attached(py, || 7), &7);
    let (mutex, lock, once) = &PARKED;
    *mutex.lock_py_attached(py) += 1;
    *lock.write_py_attached(py) += 1;
    assert!(*lock.read_py_attached(py) > 0);
    once.call_once_py_attached(py, || ());
}
