//! The settings of the interpreters, and what is cached for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use log::{Level, LevelFilter, Log, SetLoggerError};
use pyatoll::interpreter::Interpreter;
use pyatoll::prelude::*;

use crate::Caching;

/// A target's logger, and the levels that it wants.
struct Cached {
    logger: Py<PyAny>,
    wanted: LevelFilter,
}

/// The settings of one interpreter.
pub(crate) struct Config {
    interpreter: Interpreter,
    caching: Caching,
    filter: LevelFilter,
    filters: HashMap<String, LevelFilter>,
    prefix: Option<String>,
    /// By target. Emptied when the interpreter ends, whose memory a handle would keep. Never locked
    /// while Python code runs.
    cache: Mutex<HashMap<String, Cached>>,
}

impl Config {
    pub(crate) fn new(
        interpreter: Interpreter,
        caching: Caching,
        filter: LevelFilter,
        filters: HashMap<String, LevelFilter>,
        prefix: Option<String>,
    ) -> Self {
        Self {
            interpreter,
            caching,
            filter,
            filters,
            prefix,
            cache: Mutex::default(),
        }
    }

    pub(crate) fn interpreter(&self) -> Interpreter {
        self.interpreter
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<String, Cached>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        // The handles are dropped once the lock is released.
        drop(std::mem::take(&mut *self.cache()));
    }

    /// Returns the filter of a target: that of the longest prefix that has one.
    fn filter_of(&self, target: &str) -> LevelFilter {
        let mut name = target;
        loop {
            if let Some(filter) = self.filters.get(name) {
                return *filter;
            }
            match name.rsplit_once("::") {
                Some((above, _)) => name = above,
                None => return self.filter,
            }
        }
    }

    /// Returns the most verbose filter of any target.
    fn most_verbose(&self) -> LevelFilter {
        let filters = self.filters.values().copied();
        filters.fold(self.filter, std::cmp::max)
    }

    /// Returns whether Python has to be asked: the filters let the record pass, and so does the
    /// cached level, if there is one.
    pub(crate) fn may_want(&self, target: &str, level: Level) -> bool {
        level <= self.filter_of(target)
            && self
                .cache()
                .get(target)
                .is_none_or(|cached| level <= cached.wanted)
    }

    /// Returns the name of the Python logger of a target.
    pub(crate) fn name(&self, target: &str) -> String {
        let name = target.replace("::", ".");
        match &self.prefix {
            Some(prefix) => format!("{prefix}.{name}"),
            None => name,
        }
    }

    /// Returns the logger of a target, from the cache if it is there.
    pub(crate) fn logger<'py>(&self, py: Python<'py>, target: &str) -> PyResult<Bound<'py, PyAny>> {
        if let Some(cached) = self.cache().get(target) {
            return Ok(cached.logger.bind(py).clone());
        }
        let logger = py
            .import("logging")?
            .call_method1("getLogger", (self.name(target),))?;
        let wanted = match self.caching {
            Caching::Nothing => return Ok(logger),
            Caching::Loggers => LevelFilter::Trace,
            Caching::LoggersAndLevels => wanted(&logger)?,
        };
        let cached = Cached {
            logger: logger.clone().unbind(),
            wanted,
        };
        // What another thread has stored meanwhile is dropped after the lock is released.
        let replaced = self.cache().insert(target.to_owned(), cached);
        drop(replaced);
        Ok(logger)
    }
}

/// Returns Python's number of a level.
pub(crate) fn number(level: Level) -> u8 {
    match level {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug => 10,
        Level::Trace => 5,
    }
}

/// Returns the most verbose level that a logger wants.
fn wanted(logger: &Bound<'_, PyAny>) -> PyResult<LevelFilter> {
    for level in Level::iter().collect::<Vec<_>>().into_iter().rev() {
        if is_enabled_for(logger, level)? {
            return Ok(level.to_level_filter());
        }
    }
    Ok(LevelFilter::Off)
}

pub(crate) fn is_enabled_for(logger: &Bound<'_, PyAny>, level: Level) -> PyResult<bool> {
    let answer = logger.call_method1("isEnabledFor", (number(level),))?;
    answer.is_truthy()
}

/// The settings of the interpreters that have any, oldest first.
static CONFIGS: RwLock<Vec<Arc<Config>>> = RwLock::new(Vec::new());

fn configs() -> Vec<Arc<Config>> {
    CONFIGS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Makes ours the logger of `log`, once.
pub(crate) fn claim_log(logger: &'static dyn Log) -> Result<(), SetLoggerError> {
    static IS_OURS: OnceLock<bool> = OnceLock::new();
    let mut error = None;
    let is_ours = *IS_OURS.get_or_init(|| match log::set_logger(logger) {
        Ok(()) => true,
        Err(refused) => {
            error = Some(refused);
            false
        }
    });
    match error {
        Some(refused) => Err(refused),
        None if is_ours => Ok(()),
        // Refused before: it is now, too.
        None => log::set_logger(logger),
    }
}

/// Adds settings. Returns whether their interpreter had none.
pub(crate) fn add(config: &Arc<Config>) -> bool {
    let mut all = CONFIGS.write().unwrap_or_else(PoisonError::into_inner);
    if all
        .iter()
        .any(|other| other.interpreter == config.interpreter)
    {
        return false;
    }
    all.push(Arc::clone(config));
    set_max_level(&all);
    true
}

/// Removes settings, and gives up what they hold of their interpreter.
pub(crate) fn remove(config: &Arc<Config>) {
    let mut all = CONFIGS.write().unwrap_or_else(PoisonError::into_inner);
    all.retain(|other| !Arc::ptr_eq(other, config));
    set_max_level(&all);
    drop(all);
    config.reset();
}

fn set_max_level(all: &[Arc<Config>]) {
    let levels = all.iter().map(|config| config.most_verbose());
    log::set_max_level(levels.max().unwrap_or(LevelFilter::Off));
}

/// Returns whether an interpreter that this thread may be in could want such a record. Does not
/// attach.
pub(crate) fn may_want(target: &str, level: Level) -> bool {
    let all = CONFIGS.read().unwrap_or_else(PoisonError::into_inner);
    match Interpreter::current() {
        Some(current) => match all.iter().find(|config| config.interpreter == current) {
            Some(config) => config.may_want(target, level),
            None => all
                .first()
                .is_some_and(|first| level <= first.filter_of(target)),
        },
        // Detached: which one it was is only known once it is attached again.
        None => all.iter().any(|config| config.may_want(target, level)),
    }
}

/// Returns the settings of the token's interpreter. If it has none, it gets those that were
/// installed first.
pub(crate) fn of(py: Python<'_>) -> Option<Arc<Config>> {
    let all = configs();
    let interpreter = py.interpreter();
    if let Some(found) = all.iter().find(|config| config.interpreter == interpreter) {
        return Some(Arc::clone(found));
    }
    let first = all.first()?;
    let config = Arc::new(Config::new(
        interpreter,
        first.caching,
        first.filter,
        first.filters.clone(),
        first.prefix.clone(),
    ));
    let at_end = Arc::clone(&config);
    interpreter.at_end(move |_| remove(&at_end)).ok()?;
    add(&config);
    Some(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(filter: LevelFilter, filters: &[(&str, LevelFilter)]) -> Config {
        let filters = filters
            .iter()
            .map(|(target, filter)| ((*target).to_owned(), *filter));
        let interpreter = Python::attach(|py| py.interpreter());
        Config::new(
            interpreter,
            Caching::default(),
            filter,
            filters.collect(),
            None,
        )
    }

    #[test]
    fn the_filter_of_the_longest_prefix_applies() {
        let config = config(
            LevelFilter::Warn,
            &[
                ("app", LevelFilter::Debug),
                ("app::net", LevelFilter::Trace),
            ],
        );
        for (target, expected) in [
            ("other", LevelFilter::Warn),
            ("application", LevelFilter::Warn),
            ("app", LevelFilter::Debug),
            ("app::disk", LevelFilter::Debug),
            ("app::net", LevelFilter::Trace),
            ("app::net::tls::record", LevelFilter::Trace),
        ] {
            assert_eq!(config.filter_of(target), expected, "{target}");
        }
        assert_eq!(config.most_verbose(), LevelFilter::Trace);
    }

    #[test]
    fn a_prefix_becomes_part_of_the_name() {
        let mut config = config(LevelFilter::Warn, &[]);
        assert_eq!(config.name("a::b"), "a.b");
        config.prefix = Some("app.core".to_owned());
        assert_eq!(config.name("a::b"), "app.core.a.b");
    }
}
