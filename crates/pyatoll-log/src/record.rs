//! Sending one record to Python.

use std::panic::{AssertUnwindSafe, catch_unwind};

use log::{Level, Record};
use pyatoll::panic::PanicException;
use pyatoll::prelude::*;
use pyatoll::types::PyTuple;

use crate::config;

/// A record of `log`, or an event of `tracing`.
pub(crate) struct Line<'a> {
    pub(crate) target: &'a str,
    pub(crate) level: Level,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) text: String,
    /// Additional attributes of Python's `LogRecord`.
    pub(crate) fields: Vec<(String, String)>,
}

impl<'a> From<&Record<'a>> for Line<'a> {
    fn from(record: &Record<'a>) -> Self {
        Self {
            target: record.metadata().target(),
            level: record.level(),
            file: record.file(),
            line: record.line(),
            text: record.args().to_string(),
            fields: fields(record),
        }
    }
}

#[cfg(feature = "kv")]
fn fields(record: &Record<'_>) -> Vec<(String, String)> {
    use log::kv::{Error, Key, Value, VisitSource};

    struct Fields(Vec<(String, String)>);

    impl<'kvs> VisitSource<'kvs> for Fields {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            self.0.push((key.to_string(), value.to_string()));
            Ok(())
        }
    }

    let mut fields = Fields(Vec::new());
    // A pair that cannot be read ends the visit; those before it are logged.
    _ = record.key_values().visit(&mut fields);
    fields.0
}

#[cfg(not(feature = "kv"))]
fn fields(_record: &Record<'_>) -> Vec<(String, String)> {
    Vec::new()
}

/// Logs a record in the interpreter that this thread is in, unless that interpreter is ending.
///
/// A panic is reported like an error: whoever logs a record expects neither, and may be unwinding.
pub(crate) fn send(line: &Line<'_>) {
    Python::try_attach(|py| {
        let before = caught(|| Ok(PyErr::take(py))).unwrap_or_else(Some);
        let sent = caught(|| match config::of(py) {
            Some(config) => send_to(&config, py, line),
            None => Ok(()),
        });
        if let Err(error) = sent {
            error.write_unraisable(py, None);
        }
        if let Some(before) = before {
            before.restore(py);
        }
    });
}

/// Calls a function, and converts a panic to the exception that it is for Python.
fn caught<T>(function: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(function)).unwrap_or_else(|payload| {
        let text = match payload.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => payload
                .downcast_ref::<&str>()
                .unwrap_or(&"panic")
                .to_string(),
        };
        // Its drop may panic again.
        std::mem::forget(payload);
        Err(PanicException::new_err((text,)))
    })
}

fn send_to(config: &config::Config, py: Python<'_>, line: &Line<'_>) -> PyResult<()> {
    // Checked again: a detached thread has checked the settings of all interpreters.
    if !config.may_want(line.target, line.level) {
        return Ok(());
    }
    let logger = config.logger(py, line.target)?;
    if !config::is_enabled_for(&logger, line.level)? {
        return Ok(());
    }
    let record = logger.call_method1(
        "makeRecord",
        (
            config.name(line.target),
            config::number(line.level),
            line.file.unwrap_or("(unknown file)"),
            line.line.unwrap_or(0),
            &line.text,
            PyTuple::empty(py),
            py.None(), // exc_info
        ),
    )?;
    for (name, value) in &line.fields {
        // Like `extra` in `logging`, but a name that every record has is skipped, not an error.
        if !record.hasattr(&**name)? {
            record.setattr(&**name, value)?;
        }
    }
    logger.call_method1("handle", (record,))?;
    Ok(())
}
