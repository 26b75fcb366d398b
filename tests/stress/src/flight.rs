//! The flight recorder: the last step of every thread, readable when the process hangs or crashes.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::operations::Kind;

/// The most threads that are recorded.
pub const THREADS: usize = 64;

struct Record {
    /// 0: no such thread.
    step: AtomicU64,
    kind: AtomicU8,
    /// Milliseconds since the start.
    since: AtomicU64,
}

static RECORDS: [Record; THREADS] = [const {
    Record {
        step: AtomicU64::new(0),
        kind: AtomicU8::new(0),
        since: AtomicU64::new(0),
    }
}; THREADS];

static USED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: Cell<Option<usize>> = const { Cell::new(None) };
}

fn milliseconds() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64
}

/// This thread works as number `thread` from now on.
pub fn begin(thread: usize) {
    THREAD.set(Some(thread));
    USED.fetch_max(thread + 1, Ordering::SeqCst);
}

/// Threads that an operation makes work under the number of the thread that made them.
pub fn number() -> Option<usize> {
    THREAD.get()
}

/// Notes what this thread does next. Steps count from 1.
pub fn step(step: u64, kind: Kind) {
    if let Some(thread) = THREAD.get() {
        let record = &RECORDS[thread];
        record.since.store(milliseconds(), Ordering::Relaxed);
        record.kind.store(kind as u8, Ordering::Relaxed);
        record.step.store(step, Ordering::Release);
    }
}

/// This thread has done its last step.
pub fn end() {
    if let Some(thread) = THREAD.take() {
        RECORDS[thread].step.store(0, Ordering::Release);
    }
}

fn describe(thread: usize) -> Option<String> {
    let record = &RECORDS[thread];
    let step = record.step.load(Ordering::Acquire);
    let kind = Kind::ALL.get(usize::from(record.kind.load(Ordering::Relaxed)))?;
    (step > 0).then(|| format!("thread {thread}, step {step} ({})", kind.name()))
}

/// What this thread is at.
pub fn this_thread() -> Option<String> {
    describe(THREAD.get()?)
}

/// What all threads are at, and for how long.
pub fn all() -> String {
    let now = milliseconds();
    let mut text = String::new();
    for (thread, record) in RECORDS[..USED.load(Ordering::SeqCst)].iter().enumerate() {
        let since = Duration::from_millis(now - record.since.load(Ordering::Relaxed).min(now));
        let _ = match describe(thread) {
            Some(step) => writeln!(text, "  {step} for {:.1} s", since.as_secs_f32()),
            None => writeln!(text, "  thread {thread}: done"),
        };
    }
    text
}

/// The longest that a thread has been at its step.
pub fn longest() -> Duration {
    let now = milliseconds();
    let since = RECORDS[..USED.load(Ordering::SeqCst)]
        .iter()
        .filter(|record| record.step.load(Ordering::Acquire) > 0)
        .map(|record| record.since.load(Ordering::Relaxed))
        .min();
    Duration::from_millis(since.map_or(0, |since| now.saturating_sub(since)))
}

/// Lets a crash say what all threads were at. `replay` is said as well.
#[cfg(unix)]
pub fn watch_for_crashes(replay: &str) {
    use std::ffi::c_int;

    static REPLAY: OnceLock<String> = OnceLock::new();
    let _ = REPLAY.set(replay.to_owned());

    /// Only what a signal handler may do: no allocation, no lock.
    fn say(text: &[u8]) {
        // SAFETY: `write` may be called in a signal handler; the buffer is as long as said.
        unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
    }

    fn say_number(mut number: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return say(&digits[at..]);
            }
        }
    }

    extern "C" fn crashed(signal: c_int) {
        say(b"\ncrashed with signal ");
        say_number(signal.unsigned_abs().into());
        say(b"; ");
        say(REPLAY.get().map_or(b"", |replay| replay.as_bytes()));
        say(b"\n");
        for (thread, record) in RECORDS[..USED.load(Ordering::SeqCst)].iter().enumerate() {
            say(b"  thread ");
            say_number(thread as u64);
            say(b", step ");
            say_number(record.step.load(Ordering::Relaxed));
            say(b" ");
            let kind = usize::from(record.kind.load(Ordering::Relaxed));
            say(Kind::ALL
                .get(kind)
                .map_or(b"", |kind| kind.name().as_bytes()));
            say(b"\n");
        }
    }

    for signal in [
        libc::SIGSEGV,
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
    ] {
        // SAFETY: the handler keeps to what handlers may do. It runs on std's stack for handlers
        // where a thread has one, and once: then the signal's own effect takes place.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = crashed as extern "C" fn(c_int) as usize;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND | libc::SA_NODEFER;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

#[cfg(not(unix))]
pub fn watch_for_crashes(_: &str) {}
