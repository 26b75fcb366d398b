//! The module `host`, which plug-ins import: their name, and the file that they print to.

use std::sync::{Arc, Mutex, PoisonError};

use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;

/// The name of the plug-in of each interpreter.
pub static NAME: InterpreterLocal<String> = InterpreterLocal::new();

/// Makes the module importable. To be called before the runtime starts.
pub fn register() {
    pyatoll::append_to_inittab!(host);
}

/// The lines that plug-ins have printed, each with the plug-in's name.
#[derive(Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    /// Adds a line, and shows it.
    fn add(&self, line: String) {
        println!("{line}");
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// Returns all lines.
    #[cfg(test)]
    pub fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A text file for `sys.stdout`: what is written to it goes to the log, line by line.
#[pyclass(frozen)]
pub struct Output {
    log: Arc<Log>,
    plugin: String,
    /// The beginning of the next line.
    rest: Mutex<String>,
}

impl Output {
    /// Creates the file of a plug-in.
    pub fn new(plugin: &str, log: &Arc<Log>) -> Self {
        Self {
            log: Arc::clone(log),
            plugin: plugin.to_owned(),
            rest: Mutex::default(),
        }
    }
}

#[pymethods]
impl Output {
    fn write(&self, text: &str) -> usize {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.push_str(text);
        while let Some(end) = rest.find('\n') {
            let line: String = rest.drain(..=end).collect();
            self.log
                .add(format!("[{}] {}", self.plugin, line.trim_end()));
        }
        text.chars().count()
    }

    fn flush(&self) {}
}

/// What plug-ins may call.
#[pymodule]
mod host {
    use pyatoll::prelude::*;

    /// Returns the name of the plug-in that calls it.
    #[pyfunction]
    fn name(py: Python<'_>) -> Option<&str> {
        super::NAME.get(py).map(String::as_str)
    }
}
