//! What a pool's workers and its users share: the queue of jobs, and who is there.
//!
//! Invariants:
//! - No lock here is held while a job, a drop of one, or anything of Python runs, so taking one
//!   while attached waits for nobody who waits for a GIL.
//! - Whoever waits on a condition variable is detached, or was never attached.
//! - After a fork no lock is taken in the child: a thread that is not there may have held it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::error::{PoolError, ShutdownError};
use super::job::Job;
use crate::interpreter::Interpreter;
use crate::interpreter::fork::process;
use crate::interpreter::sync::lock;

pub(super) struct Shared {
    state: Mutex<State>,
    /// There is a job, or nothing to wait for any more.
    work: Condvar,
    /// There is room in the queue, or no use in waiting for it.
    room: Condvar,
    /// A worker has come or gone.
    staff: Condvar,
    /// How many jobs may wait.
    capacity: usize,
    /// The process the workers are in.
    process: u32,
}

struct State {
    jobs: VecDeque<Arc<dyn Job>>,
    /// Why no more jobs are taken.
    closed: Option<PoolError>,
    /// Workers whose threads have not come to their end.
    present: usize,
    /// Those that have an interpreter.
    workers: Vec<Worker>,
    /// Those that wait for a job.
    idle: usize,
    /// Threads that wait for room.
    waiting_for_room: usize,
}

/// A worker with its interpreter.
#[derive(Clone, Copy)]
struct Worker {
    thread: ThreadId,
    interpreter: Interpreter,
}

/// Why a job was not queued.
pub(super) enum Refusal {
    Full,
    Closed(PoolError),
}

impl Shared {
    /// For so many workers, which must be started.
    pub(super) fn new(workers: usize, capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                closed: None,
                present: workers,
                workers: Vec::with_capacity(workers),
                idle: 0,
                waiting_for_room: 0,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            staff: Condvar::new(),
            capacity: capacity.max(1),
            process: process(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether this process is a fork of the one the workers are in.
    pub(super) fn is_forked(&self) -> bool {
        self.process != process()
    }

    pub(super) fn queued(&self) -> usize {
        self.state().jobs.len()
    }

    /// Those of the workers; one may be about to end.
    pub(super) fn interpreters(&self) -> Vec<Interpreter> {
        let state = self.state();
        let interpreters = state.workers.iter().map(|worker| worker.interpreter);
        interpreters.collect()
    }

    /// The interpreter of the worker that this thread is, if it is one.
    pub(super) fn worker_here(&self) -> Option<Interpreter> {
        let this = thread::current().id();
        let state = self.state();
        let mut workers = state.workers.iter();
        workers
            .find(|worker| worker.thread == this)
            .map(|worker| worker.interpreter)
    }

    /// Queues a job if there is room.
    pub(super) fn try_push(&self, job: &Arc<dyn Job>) -> Result<(), Refusal> {
        let mut state = self.state();
        if let Some(why) = &state.closed {
            return Err(Refusal::Closed(why.clone()));
        }
        if state.jobs.len() >= self.capacity {
            return Err(Refusal::Full);
        }
        self.push(&mut state, job);
        Ok(())
    }

    /// Queues a job, once there is room. This thread must be detached.
    pub(super) fn push_waiting(&self, job: &Arc<dyn Job>) -> Result<(), PoolError> {
        let mut state = self.state();
        loop {
            if let Some(why) = &state.closed {
                return Err(why.clone());
            }
            if state.jobs.len() < self.capacity {
                self.push(&mut state, job);
                return Ok(());
            }
            state.waiting_for_room += 1;
            state = wait(&self.room, state);
            state.waiting_for_room -= 1;
        }
    }

    fn push(&self, state: &mut State, job: &Arc<dyn Job>) {
        state.jobs.push_back(Arc::clone(job));
        if state.idle > 0 {
            self.work.notify_one();
        }
    }

    /// Takes a job out of the queue that will not be run from there.
    pub(super) fn forget(&self, job: &Arc<dyn Job>) {
        let mut state = self.state();
        let place = state
            .jobs
            .iter()
            .position(|queued| Arc::ptr_eq(queued, job));
        let found = place.and_then(|place| state.jobs.remove(place));
        self.note_room(&state);
        drop(state);
        drop(found);
    }

    /// The next job, without waiting for it.
    pub(super) fn try_next(&self) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        let job = state.jobs.pop_front();
        self.note_room(&state);
        job
    }

    /// The next job. `None`: there will be none any more. This thread must be detached.
    pub(super) fn next(&self) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                self.note_room(&state);
                return Some(job);
            }
            if state.closed.is_some() {
                return None;
            }
            state.idle += 1;
            state = wait(&self.work, state);
            state.idle -= 1;
        }
    }

    fn note_room(&self, state: &State) {
        if state.waiting_for_room > 0 {
            self.room.notify_one();
        }
    }

    /// Whether a worker has something to go on for.
    pub(super) fn is_open_or_has_jobs(&self) -> bool {
        let state = self.state();
        state.closed.is_none() || !state.jobs.is_empty()
    }

    /// Takes no more jobs; says whether it did until now. The workers end when the queue is empty.
    pub(super) fn close(&self, why: PoolError) -> bool {
        let mut state = self.state();
        let first = state.closed.is_none();
        if first {
            state.closed = Some(why);
        }
        drop(state);
        self.work.notify_all();
        self.room.notify_all();
        first
    }

    /// Ends all jobs that wait in the queue with this error; says how many.
    pub(super) fn cancel_queued(&self, why: &PoolError) -> usize {
        let mut state = self.state();
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        self.room.notify_all();
        let count = jobs.len();
        for job in jobs {
            job.refuse(why.clone());
        }
        count
    }

    /// This thread is a worker with this interpreter from now on.
    pub(super) fn arrive(&self, interpreter: Interpreter) {
        let thread = thread::current().id();
        self.state().workers.push(Worker {
            thread,
            interpreter,
        });
    }

    /// The interpreter of this worker has ended.
    pub(super) fn leave(&self) {
        let this = thread::current().id();
        self.state().workers.retain(|worker| worker.thread != this);
    }

    /// This worker ends. `failure`: it has no interpreter and gets none; `carried` is a job it took.
    pub(super) fn depart(&self, failure: Option<String>, carried: Option<Arc<dyn Job>>) {
        let this = thread::current().id();
        let mut state = self.state();
        state.workers.retain(|worker| worker.thread != this);
        state.present -= 1;
        if let Some(job) = carried {
            state.jobs.push_front(job);
            self.work.notify_one();
        }
        let mut broken = None;
        if state.present == 0 {
            // Nobody is left to run what waits.
            let why = PoolError::Broken(failure.unwrap_or_else(|| "its workers have ended".into()));
            broken = Some(state.closed.get_or_insert(why).clone());
        }
        drop(state);
        if let Some(why) = broken {
            self.room.notify_all();
            self.cancel_queued(&why);
        }
        self.staff.notify_all();
    }

    /// Waits until all workers have ended. This thread must be detached.
    pub(super) fn wait_for_end(&self, deadline: Option<Instant>) -> Result<(), ShutdownError> {
        let mut state = self.state();
        while state.present > 0 {
            state = match deadline {
                None => wait(&self.staff, state),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(state.progress());
                    }
                    wait_for(&self.staff, state, left)
                }
            };
        }
        Ok(())
    }

    /// What is still to be done before the end.
    pub(super) fn progress(&self) -> ShutdownError {
        self.state().progress()
    }
}

impl State {
    fn progress(&self) -> ShutdownError {
        ShutdownError {
            running: self.present,
            queued: self.jobs.len(),
        }
    }
}

pub(super) fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(super) fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> MutexGuard<'a, T> {
    let result = condition.wait_timeout(guard, time);
    result.unwrap_or_else(|poisoned| poisoned.into_inner()).0
}
