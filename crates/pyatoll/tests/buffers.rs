//! Buffers in several interpreters: whose they are, who releases them, and when.

#[path = "everywhere/kinds.rs"]
mod kinds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pyatoll::buffer::{PyBuffer, PyUntypedBuffer};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::{PyByteArray, PyBytes, PyDict};
use pyatoll::{PyTraverseError, PyVisit, ffi};

use kinds::subs;

/// Exports bytes and counts its exports.
#[pyclass(frozen)]
struct Exporter {
    data: Box<[u8]>,
    exports: Arc<AtomicUsize>,
    panics: bool,
}

#[pymethods]
impl Exporter {
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: std::ffi::c_int,
    ) -> PyResult<()> {
        let this = slf.get();
        assert!(!this.panics, "no buffer today");
        let data = this.data.as_ptr().cast_mut().cast();
        let len = this.data.len() as isize;
        // SAFETY: the view keeps the instance alive, whose bytes neither move nor change.
        let result = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), data, len, 1, flags) };
        if result < 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        this.exports.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.exports.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Exports 16 bytes with sizes that need not fit together.
#[pyclass(frozen)]
struct Liar {
    len: isize,
    itemsize: isize,
    shape: Box<[isize]>,
    has_shape: bool,
    ndim: i32,
}

#[pymethods]
impl Liar {
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        _flags: std::ffi::c_int,
    ) -> PyResult<()> {
        static DATA: [u8; 16] = *b"sixteen bytes...";
        let this = slf.get();
        let data = DATA.as_ptr().cast_mut().cast();
        let shape = this.shape.as_ptr().cast_mut();
        let shape = if this.has_shape {
            shape
        } else {
            std::ptr::null_mut()
        };
        // SAFETY: the view keeps the instance alive, whose arrays neither move nor change. The
        // sizes are wrong: that is what the test is about.
        unsafe {
            let flags = ffi::PyBUF_SIMPLE;
            if ffi::PyBuffer_FillInfo(view, slf.as_ptr(), data, 16, 1, flags) < 0 {
                return Err(PyErr::fetch(slf.py()));
            }
            (*view).len = this.len;
            (*view).itemsize = this.itemsize;
            (*view).ndim = this.ndim;
            (*view).shape = shape;
            // The only elements are next to each other; else any numbers will do.
            (*view).strides = match this.ndim {
                1 => &raw mut (*view).itemsize,
                _ => shape,
            };
        }
        Ok(())
    }
}

#[test]
fn a_buffer_whose_length_is_not_that_of_its_shape_is_refused() {
    const LARGE: isize = isize::MAX / 2;
    fn get(
        py: Python<'_>,
        len: isize,
        itemsize: isize,
        shape: &[isize],
    ) -> PyResult<PyUntypedBuffer> {
        let liar = Liar {
            len,
            itemsize,
            shape: shape.into(),
            has_shape: !shape.is_empty(),
            ndim: shape.len() as i32,
        };
        PyUntypedBuffer::get(Bound::new(py, liar)?.as_any())
    }
    Python::attach(|py| {
        for (len, itemsize, shape, count) in [
            (16, 1, &[16][..], 16),
            (16, 4, &[4], 4),
            // Fewer than there are.
            (16, 4, &[5], 4),
            (16, 4, &[2, 2], 4),
            (16, 16, &[], 1),
            (0, 4, &[0], 0),
            (0, 4, &[0, LARGE], 0),
            (0, 4, &[LARGE, LARGE, 0], 0),
            (0, 0, &[3, 5], 15),
            (0, 0, &[LARGE, LARGE, 0], 0),
            (0, 0, &[], 1),
        ] {
            let buffer = get(py, len, itemsize, shape)?;
            assert_eq!(buffer.item_count(), count, "{buffer:?}");
            assert_eq!(buffer.len_bytes(), len as usize);
        }
        for (len, itemsize, shape) in [
            (16, 4, &[3][..]),
            (15, 4, &[4]),
            (18, 4, &[5]),
            (16, 4, &[2, 3]),
            (16, 4, &[0]),
            (16, 4, &[]),
            (0, 4, &[]),
            (16, 0, &[16]),
            (16, 4, &[-4]),
            (16, 4, &[-2, -2]),
            (0, 4, &[-2, 0]),
            (16, -4, &[4]),
            (16, -4, &[-4]),
            (-16, 4, &[-4]),
            (-4, -4, &[1]),
            (0, 4, &[LARGE, LARGE]),
            (0, 0, &[LARGE, LARGE]),
            (8, 8, &[isize::MAX, isize::MAX]),
        ] {
            let error = get(py, len, itemsize, shape).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "BufferError: buffer of {len} bytes does not match shape {shape:?} with item \
                     size {itemsize}"
                )
            );
        }
        let liar = |ndim, has_shape| Liar {
            len: 16,
            itemsize: 1,
            shape: [16].into(),
            has_shape,
            ndim,
        };
        for (liar, expected) in [
            (liar(1, false), "shape is null"),
            (
                liar(-1, true),
                "buffer of 16 bytes does not match shape [] with item size 1",
            ),
        ] {
            let error = PyUntypedBuffer::get(Bound::new(py, liar)?.as_any()).unwrap_err();
            assert_eq!(error.to_string(), format!("BufferError: {expected}"));
        }
        PyResult::Ok(())
    })
    .unwrap();
}

/// Returns a buffer of a new object, and the number of its exports.
fn export(py: Python<'_>) -> (PyBuffer<u8>, Arc<AtomicUsize>) {
    let exports = Arc::new(AtomicUsize::new(0));
    let exporter = Exporter {
        data: b"atoll".as_slice().into(),
        exports: exports.clone(),
        panics: false,
    };
    let buffer = PyBuffer::get(&Bound::new(py, exporter).unwrap()).unwrap();
    assert_eq!(exports.load(Ordering::Relaxed), 1);
    (buffer, exports)
}

/// Reads the bytes of a buffer of [`export`].
fn read(buffer: &PyBuffer<u8>) -> &[u8] {
    // SAFETY: the bytes never change, and the buffer keeps them in memory.
    unsafe { buffer.as_slice_ptr().unwrap().as_ref() }
}

fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => *payload.downcast::<String>().unwrap(),
    }
}

#[test]
#[expect(deprecated, reason = "some of the functions are")]
fn a_buffer_is_refused_in_other_interpreters() {
    for sub in subs() {
        let (buffer, exports) = sub.attach(export).unwrap();
        let owner = format!("belongs to interpreter {}", sub.id());
        Python::attach(|py| {
            let mut bytes = [0; 5];
            for error in [
                buffer.copy_to_slice(py, &mut bytes).unwrap_err(),
                buffer.copy_to_fortran_slice(py, &mut bytes).unwrap_err(),
                buffer.to_vec(py).map(drop).unwrap_err(),
                buffer.to_fortran_vec(py).map(drop).unwrap_err(),
            ] {
                assert!(error.to_string().starts_with("RuntimeError: "), "{error}");
                assert!(error.to_string().contains(&owner), "{error}");
            }
            assert_eq!(bytes, [0; 5]);
            for message in [
                panic_of(|| buffer.as_slice(py).is_some()),
                panic_of(|| buffer.as_mut_slice(py).is_some()),
                panic_of(|| buffer.as_fortran_slice(py).is_some()),
                panic_of(|| buffer.as_fortran_mut_slice(py).is_some()),
                panic_of(|| buffer.obj(py).is_some()),
            ] {
                assert!(message.contains(&owner), "{message}");
            }
            let array = PyByteArray::new(py, b"abcde");
            let mine = PyBuffer::<u8>::get(&array).unwrap();
            sub_attach_detached(py, &sub, |sub| {
                assert!(mine.copy_from_slice(sub, b"xxxxx").is_err());
                assert!(mine.copy_from_fortran_slice(sub, b"xxxxx").is_err());
            });
            assert_eq!(array.to_vec(), b"abcde");
        });
        // Refused, and released by its own interpreter.
        let untyped = sub
            .attach(|py| PyUntypedBuffer::get(buffer.obj(py).unwrap()))
            .unwrap()
            .unwrap();
        assert_eq!(exports.load(Ordering::Relaxed), 2);
        let message = Python::attach(|py| panic_of(|| untyped.release(py)));
        assert!(message.contains(&owner), "{message}");
        assert_eq!(exports.load(Ordering::Relaxed), 2);
        sub.attach(|py| assert_eq!(buffer.to_vec(py).unwrap(), b"atoll"))
            .unwrap();
        assert_eq!(exports.load(Ordering::Relaxed), 1);
        drop(buffer);
        sub.close().unwrap();
        assert_eq!(exports.load(Ordering::Relaxed), 0);
    }
}

/// Enters another interpreter on a thread that is attached to one.
fn sub_attach_detached(py: Python<'_>, sub: &SubInterpreter, f: impl FnOnce(Python<'_>) + Send) {
    py.detach(|| sub.attach(f).unwrap());
}

#[test]
fn a_dropped_buffer_is_released_by_its_interpreter() {
    for sub in subs() {
        let take = || sub.attach(export).unwrap();
        let released = |exports: &AtomicUsize| {
            assert_eq!(exports.load(Ordering::Relaxed), 1, "too early");
            sub.attach(|_| ()).unwrap();
            assert_eq!(exports.load(Ordering::Relaxed), 0, "too late");
        };
        // Detached, in another interpreter, on another thread.
        let (buffer, exports) = take();
        drop(buffer);
        released(&exports);
        let (buffer, exports) = take();
        Python::attach(|_| drop(buffer));
        released(&exports);
        let (buffer, exports) = take();
        std::thread::spawn(move || drop(buffer)).join().unwrap();
        released(&exports);
        // Attached: at once, on any thread.
        let (buffer, exports) = take();
        sub.attach(|_| {
            drop(buffer);
            assert_eq!(exports.load(Ordering::Relaxed), 0);
        })
        .unwrap();
        let (buffer, exports) = take();
        std::thread::scope(|scope| {
            let attached = || sub.attach(move |_| drop(buffer)).unwrap();
            scope.spawn(attached).join().unwrap();
        });
        assert_eq!(exports.load(Ordering::Relaxed), 0);
        // At the interpreter's end.
        let (buffer, exports) = take();
        drop(buffer);
        sub.close().unwrap();
        assert_eq!(exports.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_buffer_dropped_while_detached_is_released_when_the_thread_returns() {
    for sub in subs() {
        sub.attach(|py| {
            let array = PyByteArray::new(py, b"tide");
            let resize = || array.call_method1("append", (33,));
            let buffer: PyBuffer<u8> = array.extract()?;
            assert!(resize().is_err());
            py.detach(|| drop(buffer));
            resize()?;
            // Also if it returns with a panic.
            let buffer: PyBuffer<u8> = array.extract()?;
            assert!(resize().is_err());
            let panics = || {
                py.detach(move || {
                    let _dropped = buffer;
                    std::panic::resume_unwind(Box::new(()));
                })
            };
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
            resize()?;
            assert_eq!(array.to_vec(), b"tide!!");
            Ok::<_, PyErr>(())
        })
        .unwrap()
        .unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_buffer_outlives_its_interpreter() {
    let ended = |order: &[usize]| {
        let mut subs: Vec<_> = subs().map(Some).collect();
        let buffers: Vec<_> = subs
            .iter()
            .map(|sub| sub.as_ref().unwrap().attach(export).unwrap())
            .collect();
        for &index in order {
            subs[index].take().unwrap().close().unwrap();
            for (buffer, exports) in &buffers {
                assert_eq!(
                    (read(buffer), buffer.shape()),
                    (b"atoll".as_slice(), &[5][..])
                );
                assert_eq!(exports.load(Ordering::Relaxed), 1);
            }
        }
        buffers
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut buffers = ended(&order);
        // New interpreters may have the addresses of those that have ended.
        let later: Vec<_> = subs().collect();
        for (buffer, exports) in buffers.drain(..2) {
            Python::attach(|py| assert!(buffer.to_vec(py).is_err()));
            later[0]
                .attach(|py| assert!(buffer.to_vec(py).is_err()))
                .unwrap();
            later[0].attach(|_| drop(buffer)).unwrap();
            // Nothing is released.
            assert_eq!(exports.load(Ordering::Relaxed), 1);
        }
        drop(buffers);
    }
}

/// Drops a buffer when the garbage collector visits it.
#[pyclass]
struct DropsInTraverse {
    buffer: Mutex<Option<PyBuffer<u8>>>,
    itself: Option<Py<PyAny>>,
}

#[pymethods]
impl DropsInTraverse {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        drop(self.buffer.lock().unwrap().take());
        visit.call(&self.itself)
    }

    fn __clear__(&mut self) {
        self.itself = None;
    }
}

#[test]
fn a_buffer_dropped_in_a_traverse_function_is_released_later() {
    for sub in subs() {
        sub.attach(|py| {
            let (buffer, exports) = export(py);
            let object = DropsInTraverse {
                buffer: Mutex::new(Some(buffer)),
                itself: None,
            };
            let object = Bound::new(py, object)?;
            object.borrow_mut().itself = Some(object.clone().into_any().unbind());
            py.import("gc")?.call_method0("collect")?;
            assert!(object.borrow().buffer.lock().unwrap().is_none());
            py.detach(|| ());
            // An entry point drains the queue.
            Bound::new(
                py,
                Reader {
                    held: Mutex::new(None),
                },
            )?
            .call_method0("drop_held")?;
            assert_eq!(exports.load(Ordering::Relaxed), 0);
            object.borrow_mut().itself = None;
            Ok::<_, PyErr>(())
        })
        .unwrap()
        .unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_panic_of_an_exporter_leaves_no_buffer() {
    Python::attach(|py| {
        let exports = Arc::new(AtomicUsize::new(0));
        let exporter = Exporter {
            data: Box::new([]),
            exports: exports.clone(),
            panics: true,
        };
        let exporter = Bound::new(py, exporter).unwrap();
        let before = exporter.as_unbound().get_refcnt(py);
        let message = panic_of(|| PyBuffer::<u8>::get(&exporter));
        assert_eq!(message, "no buffer today");
        assert_eq!(exporter.as_unbound().get_refcnt(py), before);
        // A panic between acquiring and releasing.
        let (buffer, exports) = export(py);
        assert_eq!(
            panic_of(move || panic!("midway {}", buffer.item_count())),
            "midway 5"
        );
        assert_eq!(exports.load(Ordering::Relaxed), 0);
    });
}

/// Reads buffers for Python code, and holds one.
#[pyclass(frozen)]
struct Reader {
    held: Mutex<Option<PyBuffer<u8>>>,
}

#[pymethods]
impl Reader {
    fn read<'py>(&self, py: Python<'py>, buffer: PyBuffer<u8>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &buffer.to_vec(py)?))
    }

    fn hold(&self, buffer: PyBuffer<u8>) {
        let before = self.held.lock().unwrap().replace(buffer);
        drop(before);
    }

    fn drop_held(&self) {
        let held = self.held.lock().unwrap().take();
        drop(held);
    }
}

/// Defines an exporter in Python, whose functions use buffers themselves (PEP 688).
const EXPORTER: &std::ffi::CStr = c"
log = []
class Exporter:
    def __init__(self, inner):
        self.inner = inner
    def __buffer__(self, flags):
        log.append('get ' + reader.read(b'nested').decode())
        return memoryview(self.inner)
    def __release_buffer__(self, view):
        log.append('release ' + reader.read(view).decode())
        reader.drop_held()
        view.release()
        if self.inner == b'raises':
            raise ValueError('in __release_buffer__')
";

/// Returns whether classes in Python can export buffers.
fn python_exports(py: Python<'_>) -> bool {
    py.version_info() >= (3, 12)
}

/// Returns the names of a module with the class of [`EXPORTER`].
fn python_exporter(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let names = PyDict::new(py);
    names.set_item(
        "reader",
        Bound::new(
            py,
            Reader {
                held: Mutex::new(None),
            },
        )?,
    )?;
    py.run(EXPORTER, Some(&names), None)?;
    Ok(names)
}

#[test]
fn an_exporter_in_python_may_use_buffers_itself() {
    let check = |py: Python<'_>| {
        if !python_exports(py) {
            return Ok(());
        }
        let code = c"
import sys
unraisable = []
before, sys.unraisablehook = sys.unraisablehook, lambda args: unraisable.append(repr(args.exc_value))
exporter = Exporter(b'outer')
assert reader.read(exporter) == b'outer'
assert log == ['get nested', 'release outer'], log
# While one of its buffers is released, the exporter lets the reader drop another.
reader.hold(exporter)
reader.hold(Exporter(b'held'))
assert log[2:] == ['get nested', 'get nested', 'release outer', 'release held'], log
try:
    reader.read(Exporter(b'raises'))
finally:
    sys.unraisablehook = before
assert unraisable == [\"ValueError('in __release_buffer__')\"], unraisable
try:
    reader.read(Exporter([]))
except TypeError as error:
    assert 'a bytes-like object is required' in str(error), error
else:
    assert False
";
        py.run(code, Some(&python_exporter(py)?), None)
    };
    Python::attach(check).unwrap();
    for sub in subs() {
        sub.attach(check).unwrap().unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn an_exporter_in_python_is_told_later_of_a_buffer_that_was_dropped_elsewhere() {
    for sub in subs() {
        let taken = sub.attach(|py| {
            if !python_exports(py) {
                return Ok(None);
            }
            let names = python_exporter(py)?;
            let exporter = py.eval(c"Exporter(b'outer')", Some(&names), None)?;
            let buffer: PyBuffer<u8> = exporter.extract()?;
            Ok::<_, PyErr>(Some((names.unbind(), buffer)))
        });
        if let Some((names, buffer)) = taken.unwrap().unwrap() {
            drop(buffer);
            sub.attach(|py| {
                let log = py.eval(c"log", Some(names.bind(py)), None)?;
                assert_eq!(
                    log.extract::<[String; 2]>()?,
                    ["get nested", "release outer"]
                );
                // An exception that is set is kept while the buffer is released.
                let exporter = py.eval(c"Exporter(b'raises')", Some(names.bind(py)), None)?;
                let buffer: PyBuffer<u8> = exporter.extract()?;
                std::thread::spawn(move || drop(buffer)).join().unwrap();
                let hook = c"import sys; sys.unraisablehook = lambda args: None";
                py.run(hook, None, None)?;
                let code = c"
try:
    1 / 0
except ZeroDivisionError as error:
    reader.drop_held()
    assert log[-1] == 'release raises', log
    assert error.__context__ is None
";
                py.run(code, Some(names.bind(py)), None)
            })
            .unwrap()
            .unwrap();
        }
        sub.close().unwrap();
    }
}

/// Python's own channels send a `memoryview` to another interpreter without a copy.
#[test]
fn a_memoryview_of_another_interpreter_is_read_and_written() {
    let supported = Python::attach(|py| {
        let code = c"import concurrent.interpreters";
        py.run(code, None, None).is_ok()
    });
    if !supported {
        return;
    }
    for sub in subs().take(1) {
        let (array, queue) = Python::attach(|py| {
            let array = PyByteArray::new(py, b"atoll");
            let names = PyDict::new(py);
            names.set_item("array", &array)?;
            let code = c"
from concurrent.interpreters import create_queue
queue = create_queue()
queue.put(memoryview(array))
";
            py.run(code, Some(&names), None)?;
            let queue = names.get_item("queue")?.unwrap();
            let id: i64 = queue.getattr("id")?.extract()?;
            Ok::<_, PyErr>((array.unbind(), (queue.unbind(), id)))
        })
        .unwrap();
        let buffer = sub
            .attach(|py| {
                let names = PyDict::new(py);
                names.set_item("id", queue.1)?;
                let code = c"
from concurrent.interpreters import _queues
view = _queues.Queue(id).get()
";
                py.run(code, Some(&names), None)?;
                let view = names.get_item("view")?.unwrap();
                names.clear();
                let buffer = PyBuffer::<u8>::get(&view)?;
                assert_eq!(buffer.to_vec(py)?, b"atoll");
                buffer.copy_from_slice(py, b"ATOLL")?;
                Ok::<_, PyErr>(buffer)
            })
            .unwrap()
            .unwrap();
        Python::attach(|py| {
            assert_eq!(array.bind(py).to_vec(), b"ATOLL");
            assert!(array.bind(py).resize(1).is_err());
            assert!(buffer.to_vec(py).is_err());
        });
        Python::attach(|py| {
            // Released through a pending call, which CPython announces to the thread states that
            // the interpreter has at that moment.
            py.detach(|| {
                drop(buffer);
                sub.close().unwrap();
            });
            for _ in 0..100 {
                py.run(c"sum(range(100))", None, None).unwrap();
                if array.bind(py).resize(1).is_ok() {
                    return;
                }
            }
            panic!("the memory is still exported");
        });
    }
}
