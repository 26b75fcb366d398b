//! State shared by a pool's workers and its users: the queue of jobs and the list of workers.
//!
//! Invariants:
//! - The lock is not held while a job, the destructor of a job, or Python code runs. A thread may
//!   therefore take it while attached: its holder never waits for a GIL.
//! - A thread that waits on a condition variable is detached.
//! - After a fork the child takes no lock: a thread that does not exist there may have held it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::error::{PoolError, ShutdownError};
use super::job::Job;
use super::timer::Timer;
use super::wait::{wait, wait_for};
use super::waker::WakerSlot;
use crate::interpreter::Interpreter;
use crate::interpreter::process::process;
use crate::interpreter::sync::lock;

pub(super) struct Shared {
    state: Mutex<PoolState>,
    /// Signals a job in the queue, or the closing of the pool.
    job_available: Condvar,
    /// Signals space in the queue, or the closing of the pool.
    space_available: Condvar,
    /// Signals the end of a worker.
    worker_ended: Condvar,
    /// Watches deadlines.
    pub(super) timer: Timer,
    /// Maximum number of queued jobs.
    capacity: usize,
    /// The process of the workers.
    process: u32,
}

struct PoolState {
    jobs: VecDeque<Arc<dyn Job>>,
    /// The reason why no more jobs are accepted.
    closed: Option<PoolError>,
    /// Number of workers that have not ended.
    running: usize,
    /// The workers that have an interpreter.
    workers: Vec<WorkerRecord>,
    /// Number of workers that wait for a job.
    idle: usize,
    /// Number of threads that wait for space in the queue.
    waiting_for_space: usize,
    /// Tasks that await the end of all workers.
    awaiting_end: Vec<Weak<WakerSlot>>,
}

/// A worker's thread and interpreter.
#[derive(Clone, Copy)]
struct WorkerRecord {
    thread: ThreadId,
    interpreter: Interpreter,
}

/// The reason why a job was not queued.
pub(super) enum Refusal {
    Full,
    Closed(PoolError),
}

impl Shared {
    /// Creates the state of a pool with this number of workers, which the caller must start.
    pub(super) fn new(workers: usize, capacity: usize) -> Self {
        Self {
            state: Mutex::new(PoolState {
                jobs: VecDeque::new(),
                closed: None,
                running: workers,
                workers: Vec::with_capacity(workers),
                idle: 0,
                waiting_for_space: 0,
                awaiting_end: Vec::new(),
            }),
            job_available: Condvar::new(),
            space_available: Condvar::new(),
            worker_ended: Condvar::new(),
            timer: Timer::new(),
            capacity: capacity.max(1),
            process: process(),
        }
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        lock(&self.state)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns whether this process is a fork of the workers' process.
    pub(super) fn is_forked(&self) -> bool {
        self.process != process()
    }

    pub(super) fn queued(&self) -> usize {
        self.state().jobs.len()
    }

    /// Returns the interpreters of the workers, some of which may be about to end.
    pub(super) fn interpreters(&self) -> Vec<Interpreter> {
        let state = self.state();
        let interpreters = state.workers.iter().map(|worker| worker.interpreter);
        interpreters.collect()
    }

    /// Returns the threads of the workers that have an interpreter.
    pub(super) fn worker_threads(&self) -> Vec<ThreadId> {
        let state = self.state();
        state.workers.iter().map(|worker| worker.thread).collect()
    }

    /// Returns the worker's interpreter, if this thread is a worker of the pool.
    pub(super) fn current_worker(&self) -> Option<Interpreter> {
        let this = thread::current().id();
        let state = self.state();
        let mut workers = state.workers.iter();
        workers
            .find(|worker| worker.thread == this)
            .map(|worker| worker.interpreter)
    }

    /// Returns whether this thread is inside an interpreter of the pool, so that it would wait for
    /// itself.
    pub(super) fn is_inside(&self) -> bool {
        let mut interpreters = self.interpreters().into_iter();
        self.current_worker().is_some() || interpreters.any(|one| one.is_entered())
    }

    /// Queues a job if there is space.
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

    /// Queues a job once there is space. This thread must be detached.
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
            state.waiting_for_space += 1;
            state = wait(&self.space_available, state);
            state.waiting_for_space -= 1;
        }
    }

    fn push(&self, state: &mut PoolState, job: &Arc<dyn Job>) {
        state.jobs.push_back(Arc::clone(job));
        if state.idle > 0 {
            self.job_available.notify_one();
        }
    }

    /// Removes a job from the queue, if it is there.
    pub(super) fn remove(&self, job: &Arc<dyn Job>) {
        let mut state = self.state();
        let index = state
            .jobs
            .iter()
            .position(|queued| Arc::ptr_eq(queued, job));
        let removed = index.and_then(|index| state.jobs.remove(index));
        self.notify_space(&state);
        drop(state);
        // Not under the lock: it may be the last reference to a user's value.
        drop(removed);
    }

    /// Takes the next job, without waiting.
    pub(super) fn try_next(&self) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        let job = state.jobs.pop_front();
        self.notify_space(&state);
        job
    }

    /// Waits for the next job; returns `None` once the pool is closed and the queue is empty. This
    /// thread must be detached.
    pub(super) fn next(&self) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                self.notify_space(&state);
                return Some(job);
            }
            if state.closed.is_some() {
                return None;
            }
            state.idle += 1;
            state = wait(&self.job_available, state);
            state.idle -= 1;
        }
    }

    fn notify_space(&self, state: &PoolState) {
        if state.waiting_for_space > 0 {
            self.space_available.notify_one();
        }
    }

    /// Returns whether workers are still needed.
    pub(super) fn is_open_or_has_jobs(&self) -> bool {
        let state = self.state();
        state.closed.is_none() || !state.jobs.is_empty()
    }

    /// Stops accepting jobs; returns whether the pool was open. The workers end once the queue is
    /// empty.
    pub(super) fn close(&self, why: PoolError) -> bool {
        let mut state = self.state();
        let first = state.closed.is_none();
        if first {
            state.closed = Some(why);
        }
        drop(state);
        self.job_available.notify_all();
        self.space_available.notify_all();
        first
    }

    /// Refuses all queued jobs with this error; returns their number.
    pub(super) fn cancel_queued(&self, why: &PoolError) -> usize {
        let mut state = self.state();
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        self.space_available.notify_all();
        let count = jobs.len();
        for job in jobs {
            job.refuse(why.clone());
        }
        count
    }

    /// Registers this thread as a worker with this interpreter.
    pub(super) fn add_worker(&self, interpreter: Interpreter) {
        let thread = thread::current().id();
        self.state().workers.push(WorkerRecord {
            thread,
            interpreter,
        });
    }

    /// Unregisters this thread's interpreter, which has ended.
    pub(super) fn remove_worker(&self) {
        let this = thread::current().id();
        self.state().workers.retain(|worker| worker.thread != this);
    }

    /// Records the end of this worker. `failure` is the reason if it could not replace its
    /// interpreter; `taken` is a job that it took but did not start.
    pub(super) fn worker_ends(&self, failure: Option<String>, taken: Option<Arc<dyn Job>>) {
        let this = thread::current().id();
        let mut state = self.state();
        state.workers.retain(|worker| worker.thread != this);
        state.running -= 1;
        if let Some(job) = taken {
            state.jobs.push_front(job);
            self.job_available.notify_one();
        }
        let mut broken = None;
        let mut awaiting = Vec::new();
        if state.running == 0 {
            awaiting = std::mem::take(&mut state.awaiting_end);
            // No worker is left to run the queued jobs.
            let why = PoolError::Broken(failure.unwrap_or_else(|| "its workers have ended".into()));
            broken = Some(state.closed.get_or_insert(why).clone());
        }
        drop(state);
        if let Some(why) = broken {
            self.space_available.notify_all();
            self.cancel_queued(&why);
        }
        self.worker_ended.notify_all();
        for task in awaiting.iter().filter_map(Weak::upgrade) {
            task.wake();
        }
    }

    /// Returns whether all workers have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.state().running == 0
    }

    /// Adds a task to be woken once all workers have ended.
    pub(super) fn await_end(&self, task: &Arc<WakerSlot>) {
        let mut state = self.state();
        state.awaiting_end.retain(|task| task.strong_count() > 0);
        state.awaiting_end.push(Arc::downgrade(task));
    }

    /// Waits until all workers have ended. This thread must be detached.
    pub(super) fn wait_for_end(&self, deadline: Option<Instant>) -> Result<(), ShutdownError> {
        let mut state = self.state();
        while state.running > 0 {
            state = match deadline {
                None => wait(&self.worker_ended, state),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(state.progress());
                    }
                    wait_for(&self.worker_ended, state, left)
                }
            };
        }
        Ok(())
    }

    /// Returns the numbers of running workers and queued jobs.
    pub(super) fn progress(&self) -> ShutdownError {
        self.state().progress()
    }
}

impl PoolState {
    fn progress(&self) -> ShutdownError {
        ShutdownError {
            running: self.running,
            queued: self.jobs.len(),
        }
    }
}
