//! State shared by a pool's workers and its users: the queues of jobs and the list of workers.
//!
//! Invariants:
//! - The lock is not held while a job, the destructor of a job, or Python code runs. A thread may
//!   therefore take it while attached: its holder never waits for a GIL.
//! - A thread that waits on a condition variable is detached.
//! - The place of a worker outlives its threads: one that does not give way is replaced by another
//!   thread, which takes over the place with its jobs. The old thread does not touch it any more.
//! - After a fork the child takes no lock: a thread that does not exist there may have held it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Instant;

use super::error::{PoolError, ShutdownError};
use super::job::Job;
use super::running::RunningJobs;
use super::stats::{Counters, PoolStats};
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
    pub(super) timer: Arc<Timer>,
    pub(super) counters: Arc<Counters>,
    threads: Mutex<WorkerThreads>,
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
    /// The workers, by number.
    workers: Vec<WorkerPlace>,
    /// Number of workers that wait for a job.
    idle: usize,
    /// Number of threads that wait for space in the queue.
    waiting_for_space: usize,
    /// Tasks that await the end of all workers.
    awaiting_end: Vec<Weak<WakerSlot>>,
}

/// The place of a worker in its pool.
#[derive(Default)]
struct WorkerPlace {
    /// Its thread and interpreter; `None` while it has no interpreter.
    running: Option<Arc<RunningJobs>>,
    /// Jobs that only this worker may run.
    jobs: VecDeque<Arc<dyn Job>>,
    /// Tasks on the worker's thread that wait, in a job, for another job.
    waiting: Vec<Weak<WakerSlot>>,
    has_ended: bool,
}

/// The threads of the workers.
#[derive(Default)]
struct WorkerThreads {
    /// Those to be joined; empty once they were.
    handles: Vec<JoinHandle<()>>,
    /// Those that were replaced before their handle was added.
    replaced: Vec<ThreadId>,
}

/// This thread as a worker.
pub(super) struct CurrentWorker {
    pub(super) number: usize,
    pub(super) running: Arc<RunningJobs>,
}

/// The reason why a job was not queued.
pub(super) enum Refusal {
    Full,
    Closed(PoolError),
}

impl Shared {
    /// Creates the state of a pool with this number of workers, which the caller must start.
    /// `stack_size` is that of the timer's threads.
    pub(super) fn new(workers: usize, capacity: usize, stack_size: usize) -> Self {
        Self {
            state: Mutex::new(PoolState {
                jobs: VecDeque::new(),
                closed: None,
                running: workers,
                workers: (0..workers).map(|_| WorkerPlace::default()).collect(),
                idle: 0,
                waiting_for_space: 0,
                awaiting_end: Vec::new(),
            }),
            job_available: Condvar::new(),
            space_available: Condvar::new(),
            worker_ended: Condvar::new(),
            timer: Arc::new(Timer::new(stack_size)),
            counters: Arc::default(),
            threads: Mutex::default(),
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
        self.state().queued()
    }

    pub(super) fn stats(&self) -> PoolStats {
        let queued = self.queued();
        self.counters.stats(queued)
    }

    /// Returns the interpreters of the workers, some of which may be about to end.
    pub(super) fn interpreters(&self) -> Vec<Interpreter> {
        let state = self.state();
        let running = state.running_jobs();
        running.map(|running| running.interpreter()).collect()
    }

    /// Returns the threads of the workers that have an interpreter.
    pub(super) fn worker_threads(&self) -> Vec<ThreadId> {
        let state = self.state();
        let running = state.running_jobs();
        running.map(|running| running.thread()).collect()
    }

    /// Returns the worker that this thread is.
    pub(super) fn current_worker(&self) -> Option<CurrentWorker> {
        let this = thread::current().id();
        let state = self.state();
        let mut workers = state.workers.iter().enumerate();
        workers.find_map(|(number, worker)| {
            let running = worker.running.as_ref()?;
            (running.thread() == this).then(|| CurrentWorker {
                number,
                running: Arc::clone(running),
            })
        })
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

    /// Queues a job once there is space, up to a deadline. This thread must be detached.
    pub(super) fn push_waiting(
        &self,
        job: &Arc<dyn Job>,
        deadline: Option<Instant>,
    ) -> Result<(), PoolError> {
        let mut state = self.state();
        loop {
            if let Some(why) = &state.closed {
                return Err(why.clone());
            }
            if state.jobs.len() < self.capacity {
                self.push(&mut state, job);
                return Ok(());
            }
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                // Pass on the notification that this thread may have received.
                self.notify_space(&state);
                return Err(PoolError::TimedOut);
            }
            state.waiting_for_space += 1;
            state = match left {
                None => wait(&self.space_available, state),
                Some(left) => wait_for(&self.space_available, state, left),
            };
            state.waiting_for_space -= 1;
        }
    }

    fn push(&self, state: &mut PoolState, job: &Arc<dyn Job>) {
        state.jobs.push_back(Arc::clone(job));
        if state.idle > 0 {
            self.job_available.notify_one();
        }
    }

    /// Queues a job for one worker, whether or not there is space.
    pub(super) fn push_for(&self, number: usize, job: &Arc<dyn Job>) -> Result<(), PoolError> {
        let mut state = self.state();
        if let Some(why) = &state.closed {
            return Err(why.clone());
        }
        let worker = &mut state.workers[number];
        if worker.has_ended {
            return Err(PoolError::Broken("this worker has ended".into()));
        }
        worker.jobs.push_back(Arc::clone(job));
        let waiting = std::mem::take(&mut worker.waiting);
        drop(state);
        self.job_available.notify_all();
        for task in waiting.iter().filter_map(Weak::upgrade) {
            task.wake();
        }
        Ok(())
    }

    /// Takes a job that only this worker may run, while it waits in a job for another one. If there
    /// is none, `task` is woken when there is.
    pub(super) fn next_for_waiting(
        &self,
        current: &CurrentWorker,
        task: &Arc<WakerSlot>,
    ) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        let worker = state.place(current.number, &current.running)?;
        let job = worker.jobs.pop_front();
        if job.is_none() {
            let task = Arc::downgrade(task);
            let is_other = |other: &Weak<_>| other.strong_count() > 0 && !other.ptr_eq(&task);
            worker.waiting.retain(is_other);
            worker.waiting.push(task);
        }
        job
    }

    /// Finishes a job that has not started with [`PoolError::Cancelled`]; returns whether it did.
    pub(super) fn cancel(&self, job: &Arc<dyn Job>) -> bool {
        let cancelled = !self.is_forked() && job.refuse(PoolError::Cancelled);
        if cancelled {
            self.remove(job);
        }
        cancelled
    }

    /// Cancels or interrupts a job; returns whether it was not done.
    pub(super) fn interrupt(&self, job: &Arc<dyn Job>) -> bool {
        !self.is_forked() && (self.cancel(job) || job.interrupt())
    }

    /// Removes a job from its queue, if it is there.
    pub(super) fn remove(&self, job: &Arc<dyn Job>) {
        let mut state = self.state();
        let jobs = match job.worker() {
            Some(number) => &mut state.workers[number].jobs,
            None => &mut state.jobs,
        };
        let index = jobs.iter().position(|queued| Arc::ptr_eq(queued, job));
        let removed = index.and_then(|index| jobs.remove(index));
        self.notify_space(&state);
        drop(state);
        // Not under the lock: it may be the last reference to a user's value.
        drop(removed);
    }

    /// Takes the next job, without waiting.
    pub(super) fn try_next(&self, number: usize) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        let job = state.next(number);
        self.notify_space(&state);
        job
    }

    /// Waits for the worker's next job; returns `None` once the pool is closed and there is none.
    /// This thread must be detached.
    pub(super) fn next(&self, number: usize) -> Option<Arc<dyn Job>> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.next(number) {
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

    /// Returns whether a worker is still needed.
    pub(super) fn is_open_or_has_jobs(&self, number: usize) -> bool {
        let state = self.state();
        state.closed.is_none() || !state.jobs.is_empty() || !state.workers[number].jobs.is_empty()
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
        let mut jobs = std::mem::take(&mut state.jobs);
        for worker in &mut state.workers {
            jobs.append(&mut worker.jobs);
        }
        drop(state);
        self.space_available.notify_all();
        let count = jobs.len();
        for job in jobs {
            job.refuse(why.clone());
        }
        count
    }

    /// Registers a worker's thread and interpreter.
    pub(super) fn add_worker(&self, number: usize, running: &Arc<RunningJobs>) {
        self.state().workers[number].running = Some(Arc::clone(running));
    }

    /// Unregisters a worker's interpreter, which has ended or is given up. Returns whether it was
    /// registered.
    pub(super) fn remove_worker(&self, number: usize, running: &Arc<RunningJobs>) -> bool {
        let mut state = self.state();
        let Some(worker) = state.place(number, running) else {
            return false;
        };
        worker.waiting.clear();
        worker.running.take().is_some()
    }

    /// Adds the thread of a worker, to be joined, unless it was replaced since it was started.
    pub(super) fn add_thread(&self, thread: JoinHandle<()>) {
        let mut threads = lock(&self.threads);
        let id = thread.thread().id();
        if !threads.replaced.contains(&id) {
            threads.handles.push(thread);
        }
    }

    /// Removes the thread of a worker that was replaced, which is not joined.
    pub(super) fn remove_thread(&self, id: ThreadId) {
        let mut threads = lock(&self.threads);
        let is_its = |thread: &JoinHandle<()>| thread.thread().id() == id;
        match threads.handles.iter().position(is_its) {
            Some(index) => drop(threads.handles.swap_remove(index)),
            None => threads.replaced.push(id),
        }
    }

    /// Returns the threads to be joined, without this one.
    pub(super) fn take_threads(&self) -> Vec<JoinHandle<()>> {
        let mut threads = std::mem::take(&mut lock(&self.threads).handles);
        threads.retain(|thread| thread.thread().id() != thread::current().id());
        threads
    }

    /// Returns to its queue a job that a worker took before another thread got its place.
    pub(super) fn put_back(&self, number: usize, job: Arc<dyn Job>) {
        let mut state = self.state();
        let refused = state.workers[number].has_ended && job.worker().is_some();
        if refused || state.running == 0 {
            drop(state);
            job.refuse(PoolError::Broken("its workers have ended".into()));
            return;
        }
        match job.worker() {
            Some(_) => state.workers[number].jobs.push_front(job),
            None => state.jobs.push_front(job),
        }
        drop(state);
        self.job_available.notify_all();
    }

    /// Records the end of this worker. `failure` is the reason if it could not replace its
    /// interpreter; `taken` is a job that it took but did not start.
    pub(super) fn worker_ends(
        &self,
        number: usize,
        failure: Option<String>,
        taken: Option<Arc<dyn Job>>,
    ) {
        let mut state = self.state();
        state.running -= 1;
        let worker = &mut state.workers[number];
        worker.running = None;
        worker.waiting.clear();
        worker.has_ended = true;
        let mut own = std::mem::take(&mut worker.jobs);
        match taken {
            Some(job) if job.worker().is_some() => own.push_front(job),
            Some(job) => {
                state.jobs.push_front(job);
                self.job_available.notify_one();
            }
            None => {}
        }
        let why = PoolError::Broken(failure.unwrap_or_else(|| "its workers have ended".into()));
        let mut broken = None;
        let mut awaiting = Vec::new();
        if state.running == 0 {
            awaiting = std::mem::take(&mut state.awaiting_end);
            // No worker is left to run the queued jobs.
            broken = Some(state.closed.get_or_insert(why.clone()).clone());
        }
        drop(state);
        for job in own {
            job.refuse(why.clone());
        }
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
            queued: self.queued(),
        }
    }

    fn queued(&self) -> usize {
        let of_workers = self.workers.iter().map(|worker| worker.jobs.len());
        self.jobs.len() + of_workers.sum::<usize>()
    }

    fn running_jobs(&self) -> impl Iterator<Item = &Arc<RunningJobs>> {
        self.workers
            .iter()
            .filter_map(|worker| worker.running.as_ref())
    }

    /// Takes the worker's next job.
    fn next(&mut self, number: usize) -> Option<Arc<dyn Job>> {
        let own = self.workers[number].jobs.pop_front();
        own.or_else(|| self.jobs.pop_front())
    }

    /// Returns the place of a worker, unless another thread has taken it over.
    fn place(&mut self, number: usize, running: &Arc<RunningJobs>) -> Option<&mut WorkerPlace> {
        let worker = &mut self.workers[number];
        let its = worker.running.as_ref();
        let is_its = its.is_some_and(|its| Arc::ptr_eq(its, running));
        is_its.then_some(worker)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.is_forked() {
            let threads = self.threads.get_mut().unwrap_or_else(|p| p.into_inner());
            // The threads do not exist in this process: joining or detaching them is undefined.
            std::mem::forget(std::mem::take(&mut threads.handles));
        }
    }
}
