//! [`World`]: what all threads share: the interpreters and the handles there are.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Result, bail};
use pyatoll::interpreter::AttachError;
use pyatoll::prelude::*;

use crate::handle::Tracked;
use crate::life::{Life, Maker, Stage, lock};
use crate::operations::{Crew, Kind};

/// The most sub-interpreters at once.
pub const LIVES: usize = 6;

/// How many ended interpreters are kept for misuse.
const GRAVES: usize = 4;

/// The most handles kept.
pub const HANDLES: usize = 200;

/// What the threads share. No lock of it is held while Python runs or a handle is dropped.
pub struct World {
    pub main: Arc<Life>,
    /// The folder with an extension module that has its own copy of the library.
    pub extensions: Option<PathBuf>,
    /// Those that are open or ending, oldest first.
    lives: Mutex<Vec<Arc<Life>>>,
    graves: Mutex<Vec<Arc<Life>>>,
    handles: Mutex<Vec<Tracked>>,
    /// The pool of interpreters, if there is one now.
    pub crew: Mutex<Option<Arc<Crew>>>,
    numbers: AtomicU64,
    /// Places for interpreters that are taken.
    places: AtomicUsize,
    pub statistics: Statistics,
}

/// What was done.
#[derive(Default)]
pub struct Statistics {
    operations: [AtomicU64; Kind::ALL.len()],
    pub interpreters: AtomicU64,
    /// Audits that compared something, and those that were disturbed.
    pub audits: AtomicU64,
    pub disturbed: AtomicU64,
}

impl Statistics {
    pub fn count(&self, kind: Kind) {
        self.operations[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn of(&self, kind: Kind) -> u64 {
        self.operations[kind as usize].load(Ordering::Relaxed)
    }
}

/// A place for one more interpreter; given back unless it is used.
pub struct Place<'a>(&'a World, bool);

impl Place<'_> {
    /// The interpreter is there.
    pub fn take(mut self, life: Arc<Life>) {
        self.1 = true;
        self.0
            .statistics
            .interpreters
            .fetch_add(1, Ordering::Relaxed);
        lock(&self.0.lives).push(life);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.places.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl World {
    pub fn new(main: Arc<Life>, extensions: Option<PathBuf>) -> Self {
        Self {
            main,
            extensions,
            lives: Mutex::default(),
            graves: Mutex::default(),
            handles: Mutex::default(),
            crew: Mutex::default(),
            numbers: AtomicU64::new(1),
            places: AtomicUsize::new(0),
            statistics: Statistics::default(),
        }
    }

    /// A number for a new life or object.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A place for a new interpreter, if there is one.
    pub fn place(&self) -> Option<Place<'_>> {
        let took = self
            .places
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |places| {
                (places < LIVES).then_some(places + 1)
            });
        took.is_ok().then(|| Place(self, false))
    }

    /// Takes out an interpreter that has ended.
    pub fn bury(&self, life: &Arc<Life>) {
        lock(&self.lives).retain(|other| !Arc::ptr_eq(other, life));
        let mut graves = lock(&self.graves);
        if graves.len() >= GRAVES {
            graves.remove(0);
        }
        graves.push(life.clone());
        self.places.fetch_sub(1, Ordering::SeqCst);
    }

    /// Some interpreter: the main one, one that is there, or one that has ended.
    pub fn any(&self, choice: u64) -> Arc<Life> {
        // One in eight goes to the ended ones.
        if choice.is_multiple_of(8)
            && let Some(life) = pick(&lock(&self.graves), choice / 8)
        {
            return life;
        }
        self.present(choice / 8)
    }

    /// The main interpreter, or one that is there.
    pub fn present(&self, choice: u64) -> Arc<Life> {
        let lives = lock(&self.lives);
        match choice as usize % (lives.len() + 1) {
            0 => self.main.clone(),
            place => lives[place - 1].clone(),
        }
    }

    /// A sub-interpreter of that maker's.
    pub fn made_by(&self, maker: Maker, choice: u64) -> Option<Arc<Life>> {
        let lives: Vec<_> = lock(&self.lives)
            .iter()
            .filter(|life| life.maker == maker)
            .cloned()
            .collect();
        pick(&lives, choice)
    }

    pub fn all(&self) -> Vec<Arc<Life>> {
        lock(&self.lives).clone()
    }

    /// The handles. The lock is to be given back before one of them is dropped or used.
    pub fn handles(&self) -> MutexGuard<'_, Vec<Tracked>> {
        lock(&self.handles)
    }

    /// Takes a handle out.
    pub fn take_handle(&self, choice: u64) -> Option<Tracked> {
        let mut handles = self.handles();
        if handles.is_empty() {
            return None;
        }
        let place = choice as usize % handles.len();
        Some(handles.swap_remove(place))
    }

    /// Puts one in. Where there are too many, one is dropped here.
    pub fn put_handle(&self, handle: Tracked) {
        let full = {
            let mut handles = self.handles();
            handles.push(handle);
            (handles.len() > HANDLES).then(|| handles.swap_remove(0))
        };
        drop(full);
    }
}

fn pick(lives: &[Arc<Life>], choice: u64) -> Option<Arc<Life>> {
    let place = (choice as usize).checked_rem(lives.len())?;
    Some(lives[place].clone())
}

/// Enters an interpreter from a thread that is detached, and checks whether it was to let it in.
/// `None`: it has ended, or an audit keeps it still.
pub fn enter<R>(life: &Arc<Life>, f: impl FnOnce(Python<'_>) -> Result<R>) -> Result<Option<R>> {
    let Some(_change) = life.change() else {
        return Ok(None);
    };
    enter_unannounced(life, f)
}

/// As [`enter`], whoever keeps it still.
pub fn enter_unannounced<R>(
    life: &Arc<Life>,
    f: impl FnOnce(Python<'_>) -> Result<R>,
) -> Result<Option<R>> {
    let before = life.stage();
    let result = life.handle().attach(f);
    let number = life.number;
    match result {
        Ok(_) if before == Stage::Ended => bail!("life {number} let a thread in after its end"),
        Ok(result) => result.map(Some),
        Err(error) => refused(life, error).map(|()| None),
    }
}

/// Checks that an interpreter may refuse a thread that is detached, in the words it did.
pub fn refused(life: &Life, error: AttachError) -> Result<()> {
    let number = life.number;
    match error {
        AttachError::InterpreterGone { id } if id != life.id() => {
            bail!("life {number} with id {} is called {id}", life.id())
        }
        AttachError::InterpreterGone { .. } if life.stage() == Stage::Open => {
            bail!("life {number} refused a thread before its end")
        }
        AttachError::InterpreterGone { .. } => Ok(()),
        error => bail!("life {number} refused a detached thread: {error}"),
    }
}
