//! `sys.stdout` and `sys.stderr` that write to a Rust writer.
//!
//! The stream is Python's own `io.TextIOWrapper`, so it has all methods of a text file. Its bytes
//! go through a small Python class to [`Output`].
//!
//! Invariants:
//! - A thread that waits for the writer, or is in it, is detached, so that it cannot keep a thread
//!   that holds the writer from getting its GIL. The exception is the thread that ends the
//!   interpreter: nobody else runs there.
//! - The interpreter gives the writer up at its end, even if Python code keeps the stream.

use std::ffi::CStr;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::{SubInterpreterBuilder, step};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::interpreter::sync::lock;
use crate::object::{Bound, Py};
use crate::sync::InterpreterLocal;
use crate::types::pybacked::PyBackedBytes;
use crate::types::{PyAny, PyAnyMethods, PyCFunction, PyDict, PyDictMethods, PyTupleMethods};

/// A writer, which all interpreters of one builder share.
type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

impl SubInterpreterBuilder {
    /// Sends the interpreter's `sys.stdout` to `writer`: the output of `print`, and everything else
    /// that Python code writes to the stream. C code, Rust code and child processes still write to
    /// the file descriptor of the process.
    ///
    /// `sys.stdout` is a text file in UTF-8 with `\n` for the end of a line. It hands over whole
    /// lines and then flushes the writer; the rest follows when Python code flushes it, and at the
    /// end of the interpreter. It has no `fileno` (`io.UnsupportedOperation`), and `isatty` is
    /// false. `sys.stdout.buffer` takes bytes, which it hands over at once.
    ///
    /// The thread is detached while it is in `writer`, which may therefore block, or attach to
    /// another interpreter; it must not write to this stream. An [`io::Error`] becomes an
    /// `OSError` of the code that prints, a panic a
    /// [`PanicException`](crate::panic::PanicException).
    ///
    /// `writer` is dropped when the interpreter ends, unless the builder or another interpreter
    /// that it built (in a [pool](crate::InterpreterPool), say) still exists: they take turns with
    /// the same writer. What finalizers print after that is discarded.
    ///
    /// ```
    /// use std::io::{self, Write};
    /// use std::sync::mpsc::{Sender, channel};
    ///
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// /// Sends what is written to it.
    /// struct Lines(Sender<String>);
    ///
    /// impl Write for Lines {
    ///     fn write(&mut self, data: &[u8]) -> io::Result<usize> {
    ///         let text = String::from_utf8_lossy(data).into_owned();
    ///         self.0.send(text).map_err(io::Error::other)?;
    ///         Ok(data.len())
    ///     }
    ///
    ///     fn flush(&mut self) -> io::Result<()> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # Python::initialize();
    /// let (sender, lines) = channel();
    /// let sub = SubInterpreter::builder().stdout(Lines(sender)).build()?;
    /// let code = c"print('Hello,', 'reef'); print('no end', end='')";
    /// sub.attach_and_then(|py| py.run(code, None, None))?;
    /// sub.close()?;
    /// assert_eq!(lines.iter().collect::<Vec<_>>(), ["Hello, reef\n", "no end"]);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stdout(self, writer: impl Write + Send + 'static) -> Self {
        redirect(self, &STDOUT, Arc::new(Mutex::new(Box::new(writer))))
    }

    /// Sends the interpreter's `sys.stderr` to `writer`: see
    /// [`stdout`](SubInterpreterBuilder::stdout). Python writes tracebacks of unhandled exceptions
    /// and warnings there, and so does `logging` without a configuration. Characters that UTF-8
    /// does not have (surrogates) are escaped.
    ///
    /// ```
    /// use std::fs;
    ///
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # Python::initialize();
    /// let path = std::env::temp_dir().join(format!("errors-{}.log", std::process::id()));
    /// let sub = SubInterpreter::builder().stderr(fs::File::create(&path)?).build()?;
    /// sub.attach(|py| py.run(c"1 / 0", None, None).unwrap_err().print(py))?;
    /// sub.close()?;
    /// assert!(fs::read_to_string(&path)?.ends_with("ZeroDivisionError: division by zero\n"));
    /// # fs::remove_file(path)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stderr(self, writer: impl Write + Send + 'static) -> Self {
        redirect(self, &STDERR, Arc::new(Mutex::new(Box::new(writer))))
    }
}

/// A standard stream.
struct Name {
    /// Its name in `sys`.
    own: &'static str,
    /// The name in `sys` under which Python keeps the first one.
    original: &'static str,
    /// Its `name`.
    file: &'static str,
    /// Its `errors`, as for Python's own.
    errors: &'static str,
}

static STDOUT: Name = Name {
    own: "stdout",
    original: "__stdout__",
    file: "<stdout>",
    errors: "strict",
};

static STDERR: Name = Name {
    own: "stderr",
    original: "__stderr__",
    file: "<stderr>",
    errors: "backslashreplace",
};

fn redirect(
    builder: SubInterpreterBuilder,
    name: &'static Name,
    writer: Writer,
) -> SubInterpreterBuilder {
    builder.replace_step(name.own, step(move |py| install(py, name, &writer)))
}

/// One interpreter's access to a writer.
struct Output(Mutex<Option<Writer>>);

impl Output {
    /// Calls `f` with the writer, unless the interpreter has given it up.
    fn with<F>(&self, py: Python<'_>, f: F) -> PyResult<()>
    where
        F: FnOnce(&mut dyn Write) -> io::Result<()> + Send,
    {
        let Some(writer) = lock(&self.0).clone() else {
            return Ok(());
        };
        if py.local().may_detach_here() {
            let run = move || f(&mut **lock(&writer));
            return py.detach(run).map_err(PyErr::from);
        }
        // This thread ends the interpreter, and CPython may not let it return from a detachment.
        match lock_at_end(&writer) {
            Some(mut writer) => f(&mut **writer).map_err(PyErr::from),
            None => Ok(()),
        }
    }
}

/// Locks a writer for a thread that ends its interpreter, and keeps the GIL: a thread of another
/// interpreter with the same GIL may hold the writer and wait for that, so this gives up after a
/// while. Output that comes this late is then lost.
fn lock_at_end(writer: &Writer) -> Option<MutexGuard<'_, Box<dyn Write + Send>>> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let start = Instant::now();
    loop {
        match writer.try_lock() {
            Ok(writer) => return Some(writer),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// The stream of an interpreter, until it ends.
struct Stream {
    output: Arc<Output>,
    object: Py<PyAny>,
}

impl Drop for Stream {
    /// Runs when the interpreter drops its values: hands over what finalizers have printed since
    /// the exit functions, and gives the writer up.
    fn drop(&mut self) {
        let _ = self.object.attach(|_py, object| flush(object));
        let writer = lock(&self.output.0).take();
        if let Some(writer) = &writer
            && let Some(mut writer) = lock_at_end(writer)
        {
            let _ = writer.flush();
        }
    }
}

/// Flushes a stream. Errors are ignored: at the end of an interpreter, nobody can handle them.
fn flush(stream: &Bound<'_, PyAny>) {
    let _ = stream.call_method0("flush");
}

/// The streams of each interpreter.
static STREAMS: InterpreterLocal<Mutex<Vec<Stream>>> = InterpreterLocal::new();

/// Creates a text file with the name `name` that calls `write` and `flush`.
const CREATE: &CStr = c"
import io

class Output(io.BufferedIOBase):
    'The bytes of a text file that Rust code receives.'

    mode = 'wb'

    def __init__(self, name):
        self.name = name

    def writable(self):
        return True

    def write(self, data):
        if self.closed:
            raise ValueError('write to closed file')
        return write(memoryview(data).tobytes())

    def flush(self):
        super().flush()
        flush()

stream = io.TextIOWrapper(
    Output(name), encoding='utf-8', errors=errors, newline='\\n', line_buffering=True
)
stream.mode = 'w'
";

/// Replaces a stream of the interpreter.
fn install(py: Python<'_>, name: &Name, writer: &Writer) -> PyResult<()> {
    let output = Arc::new(Output(Mutex::new(Some(Arc::clone(writer)))));
    let names = PyDict::new(py);
    names.set_item("name", name.file)?;
    names.set_item("errors", name.errors)?;
    names.set_item("write", write_function(py, &output)?)?;
    names.set_item("flush", flush_function(py, &output)?)?;
    py.run(CREATE, Some(&names), None)?;
    let stream = names.as_any().get_item("stream")?;
    let sys = py.import("sys")?;
    sys.setattr(name.own, &stream)?;
    sys.setattr(name.original, &stream)?;

    let kept = Stream {
        output,
        object: stream.clone().unbind(),
    };
    lock(STREAMS.get_or_init(py, Mutex::default)).push(kept);
    // The first of the functions, so it runs last, after all that Python code does at its exit.
    let stream = stream.unbind();
    let interpreter = py.interpreter();
    interpreter.at_end(move |py| flush(stream.bind(py)))?;
    Ok(())
}

fn write_function<'py>(py: Python<'py>, output: &Arc<Output>) -> PyResult<Bound<'py, PyCFunction>> {
    let output = Arc::clone(output);
    PyCFunction::new_closure(py, Some(c"write"), None, move |args, _| {
        let data: PyBackedBytes = args.get_item(0)?.extract()?;
        output.with(args.py(), |writer| writer.write_all(&data))?;
        PyResult::Ok(data.len())
    })
}

fn flush_function<'py>(py: Python<'py>, output: &Arc<Output>) -> PyResult<Bound<'py, PyCFunction>> {
    let output = Arc::clone(output);
    PyCFunction::new_closure(py, Some(c"flush"), None, move |args, _| {
        output.with(args.py(), |writer| writer.flush())
    })
}
