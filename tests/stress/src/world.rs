//! [`World`]: the state that all threads share: interpreters, handles, the pool, statistics.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Result, bail};
use pyatoll::interpreter::AttachError;
use pyatoll::prelude::*;

use crate::handle::Tracked;
use crate::model::{InterpreterModel, Maker, Stage, lock};
use crate::operations::{Kind, PoolModel, SharedObjects, SharedValues};

/// Maximum number of sub-interpreters at a time.
pub const MAX_INTERPRETERS: usize = 6;

/// Number of ended interpreters that are kept for misuse.
const MAX_ENDED: usize = 4;

/// Maximum number of handles kept.
pub const MAX_HANDLES: usize = 200;

/// The shared state. None of its locks is held while Python runs or a handle is dropped.
pub struct World {
    pub main: Arc<InterpreterModel>,
    /// The folder with an extension module that has its own copy of the library.
    pub extensions: Option<PathBuf>,
    /// Whether the main interpreter can import `greenlet`.
    pub has_greenlets: bool,
    /// Whether daemon threads are started. Where one is left, the main interpreter's values stay.
    pub may_start_daemon_threads: bool,
    /// Open and ending interpreters, oldest first.
    interpreters: Mutex<Vec<Arc<InterpreterModel>>>,
    ended: Mutex<Vec<Arc<InterpreterModel>>>,
    handles: Mutex<Vec<Tracked>>,
    /// The current pool of interpreters, if any.
    pub pool: Mutex<Option<Arc<PoolModel>>>,
    pub shared: SharedValues,
    pub objects: SharedObjects,
    numbers: AtomicU64,
    /// Number of interpreters that exist or are being created.
    reserved: AtomicUsize,
    pub statistics: Statistics,
}

/// Counts of operations, interpreters and audits.
pub struct Statistics {
    operations: [AtomicU64; Kind::ALL.len()],
    pub interpreters: AtomicU64,
    /// Completed audits, and those that were disturbed.
    pub audits: AtomicU64,
    pub disturbed: AtomicU64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            operations: [const { AtomicU64::new(0) }; Kind::ALL.len()],
            interpreters: AtomicU64::new(0),
            audits: AtomicU64::new(0),
            disturbed: AtomicU64::new(0),
        }
    }
}

impl Statistics {
    pub fn count(&self, kind: Kind) {
        self.operations[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn of(&self, kind: Kind) -> u64 {
        self.operations[kind as usize].load(Ordering::Relaxed)
    }
}

/// Permission to create one interpreter; returned on drop unless used.
pub struct Reservation<'a>(&'a World, bool);

impl Reservation<'_> {
    /// Adds the created interpreter.
    pub fn commit(mut self, interpreter: Arc<InterpreterModel>) {
        self.1 = true;
        self.0
            .statistics
            .interpreters
            .fetch_add(1, Ordering::Relaxed);
        lock(&self.0.interpreters).push(interpreter);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.reserved.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl World {
    pub fn new(
        main: Arc<InterpreterModel>,
        extensions: Option<PathBuf>,
        has_greenlets: bool,
        may_start_daemon_threads: bool,
    ) -> Self {
        Self {
            main,
            extensions,
            has_greenlets,
            may_start_daemon_threads,
            interpreters: Mutex::default(),
            ended: Mutex::default(),
            handles: Mutex::default(),
            pool: Mutex::default(),
            shared: SharedValues::default(),
            objects: SharedObjects::default(),
            numbers: AtomicU64::new(1),
            reserved: AtomicUsize::new(0),
            statistics: Statistics::default(),
        }
    }

    /// Returns a number for a new interpreter or object.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Reserves room for a new interpreter; `None` if there are too many.
    pub fn reserve(&self) -> Option<Reservation<'_>> {
        let took = self
            .reserved
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |reserved| {
                (reserved < MAX_INTERPRETERS).then_some(reserved + 1)
            });
        took.is_ok().then(|| Reservation(self, false))
    }

    /// Removes an interpreter that has ended.
    pub fn retire(&self, interpreter: &Arc<InterpreterModel>) {
        lock(&self.interpreters).retain(|other| !Arc::ptr_eq(other, interpreter));
        let mut ended = lock(&self.ended);
        if ended.len() >= MAX_ENDED {
            ended.remove(0);
        }
        ended.push(interpreter.clone());
        self.reserved.fetch_sub(1, Ordering::SeqCst);
    }

    /// Picks an interpreter: the main one, a live one, or one that has ended.
    pub fn pick_any(&self, choice: u64) -> Arc<InterpreterModel> {
        // One in eight is an ended one.
        if choice.is_multiple_of(8)
            && let Some(interpreter) = pick(&lock(&self.ended), choice / 8)
        {
            return interpreter;
        }
        self.pick_live(choice / 8)
    }

    /// Picks the main interpreter or a live one.
    pub fn pick_live(&self, choice: u64) -> Arc<InterpreterModel> {
        let interpreters = lock(&self.interpreters);
        match choice as usize % (interpreters.len() + 1) {
            0 => self.main.clone(),
            index => interpreters[index - 1].clone(),
        }
    }

    /// Picks a sub-interpreter of that maker.
    pub fn made_by(&self, maker: Maker, choice: u64) -> Option<Arc<InterpreterModel>> {
        let interpreters: Vec<_> = lock(&self.interpreters)
            .iter()
            .filter(|interpreter| interpreter.maker == maker)
            .cloned()
            .collect();
        pick(&interpreters, choice)
    }

    pub fn all(&self) -> Vec<Arc<InterpreterModel>> {
        lock(&self.interpreters).clone()
    }

    /// Locks the handles. Release the lock before dropping or using one of them.
    pub fn handles(&self) -> MutexGuard<'_, Vec<Tracked>> {
        lock(&self.handles)
    }

    /// Removes a handle.
    pub fn take_handle(&self, choice: u64) -> Option<Tracked> {
        let mut handles = self.handles();
        if handles.is_empty() {
            return None;
        }
        let index = choice as usize % handles.len();
        Some(handles.swap_remove(index))
    }

    /// Adds a handle. If there are too many, one of them is dropped here.
    pub fn put_handle(&self, handle: Tracked) {
        let full = {
            let mut handles = self.handles();
            handles.push(handle);
            (handles.len() > MAX_HANDLES).then(|| handles.swap_remove(0))
        };
        drop(full);
    }
}

fn pick(interpreters: &[Arc<InterpreterModel>], choice: u64) -> Option<Arc<InterpreterModel>> {
    let index = (choice as usize).checked_rem(interpreters.len())?;
    Some(interpreters[index].clone())
}

/// Enters an interpreter from a detached thread, and checks the outcome against the model. Returns
/// `None` if it has ended or is frozen by an audit.
pub fn enter<R>(
    interpreter: &Arc<InterpreterModel>,
    f: impl FnOnce(Python<'_>) -> Result<R>,
) -> Result<Option<R>> {
    let Some(_change) = interpreter.change() else {
        return Ok(None);
    };
    enter_unannounced(interpreter, f)
}

/// Enters an interpreter as [`enter`] does, even if an audit has frozen it.
pub fn enter_unannounced<R>(
    interpreter: &Arc<InterpreterModel>,
    f: impl FnOnce(Python<'_>) -> Result<R>,
) -> Result<Option<R>> {
    let before = interpreter.stage();
    let result = interpreter.handle().attach(f);
    let number = interpreter.number;
    match result {
        Ok(_) if before == Stage::Ended => bail!("interpreter #{number} was entered after its end"),
        Ok(result) => result.map(Some),
        Err(error) => refused(interpreter, error).map(|()| None),
    }
}

/// Checks that this refusal of a detached thread agrees with the model.
pub fn refused(interpreter: &InterpreterModel, error: AttachError) -> Result<()> {
    let number = interpreter.number;
    match error {
        AttachError::InterpreterGone { id } if id != interpreter.id() => {
            bail!(
                "interpreter #{number} with id {} reports the id {id}",
                interpreter.id()
            )
        }
        AttachError::InterpreterGone { .. } if interpreter.stage() == Stage::Open => {
            bail!("interpreter #{number} refused a thread before its end")
        }
        AttachError::InterpreterGone { .. } => Ok(()),
        error => bail!("interpreter #{number} refused a detached thread: {error}"),
    }
}
