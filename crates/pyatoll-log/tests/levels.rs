//! Levels of Python's loggers are cached until they are reset.

use log::{Level, LevelFilter, log_enabled};
use pyatoll::prelude::*;
use pyatoll_log::{Caching, Logger};

fn set_level(level: &str) {
    Python::attach(|py| {
        let logging = py.import("logging").unwrap();
        let logger = logging.call_method1("getLogger", ("levels",)).unwrap();
        logger.call_method1("setLevel", (level,)).unwrap();
    });
}

#[test]
fn levels_are_cached_until_they_are_reset() {
    Python::initialize();
    let handle = Python::attach(|py| {
        let logger = Logger::new(py, Caching::LoggersAndLevels).unwrap();
        logger.filter(LevelFilter::Info).install().unwrap()
    });
    set_level("ERROR");
    // Python has not been asked yet.
    assert!(log_enabled!(target: "levels", Level::Warn));
    assert!(!log_enabled!(target: "levels", Level::Debug));
    log::warn!(target: "levels", "asks Python");
    assert!(!log_enabled!(target: "levels", Level::Warn));
    assert!(log_enabled!(target: "levels", Level::Error));
    set_level("INFO");
    assert!(!log_enabled!(target: "levels", Level::Warn));
    handle.reset();
    assert!(log_enabled!(target: "levels", Level::Warn));
    // The interpreter has settings already.
    assert!(pyatoll_log::try_init().is_err());
}
