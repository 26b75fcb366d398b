//! The module `host`, which plug-ins import: their name, and the file that they print to.

use std::io::{self, Write};
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

/// The writer behind `sys.stdout` and `sys.stderr`: what plug-ins print goes to the log, line by
/// line. It is dropped when the plug-in's interpreter has ended.
pub struct Output {
    log: Arc<Log>,
    plugin: String,
    /// The beginning of the next line.
    rest: Vec<u8>,
}

impl Output {
    /// Creates the writer of a plug-in.
    pub fn new(plugin: &str, log: &Arc<Log>) -> Self {
        Self {
            log: Arc::clone(log),
            plugin: plugin.to_owned(),
            rest: Vec::new(),
        }
    }

    fn add(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        self.log
            .add(format!("[{}] {}", self.plugin, line.trim_end()));
    }
}

impl Write for Output {
    /// Python hands over whole lines, unless a plug-in flushes the stream in the middle of one.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.rest.extend(data);
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.add(&line);
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.rest.is_empty() {
            self.add(&self.rest);
        }
    }
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
