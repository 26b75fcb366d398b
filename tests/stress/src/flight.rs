//! The flight recorder: the last step of every thread, readable when the process hangs or crashes.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::operations::Kind;

/// Maximum number of threads.
pub const THREADS: usize = 64;

struct Record {
    /// 0 if the thread is not working.
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

/// Registers this thread as number `thread`.
pub fn begin(thread: usize) {
    THREAD.set(Some(thread));
    USED.fetch_max(thread + 1, Ordering::SeqCst);
}

/// Returns this thread's number, which threads started by its operations take over.
pub fn number() -> Option<usize> {
    THREAD.get()
}

/// Records this thread's next step. Steps count from 1.
pub fn step(step: u64, kind: Kind) {
    if let Some(thread) = THREAD.get() {
        let record = &RECORDS[thread];
        record.since.store(milliseconds(), Ordering::Relaxed);
        record.kind.store(kind as u8, Ordering::Relaxed);
        record.step.store(step, Ordering::Release);
    }
}

/// Records that this thread is done.
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

/// Describes the current step of this thread.
pub fn this_thread() -> Option<String> {
    describe(THREAD.get()?)
}

/// Describes the current step of every thread, with its duration.
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

/// Returns the duration of the longest running step.
pub fn longest() -> Duration {
    let now = milliseconds();
    let since = RECORDS[..USED.load(Ordering::SeqCst)]
        .iter()
        .filter(|record| record.step.load(Ordering::Acquire) > 0)
        .map(|record| record.since.load(Ordering::Relaxed))
        .min();
    Duration::from_millis(since.map_or(0, |since| now.saturating_sub(since)))
}

/// Installs signal handlers that print `replay` and every thread's step when the process crashes.
#[cfg(unix)]
pub fn watch_for_crashes(replay: &str) {
    use std::ffi::c_int;

    static REPLAY: OnceLock<String> = OnceLock::new();
    let _ = REPLAY.set(replay.to_owned());

    /// Writes to stderr. Async-signal-safe: neither allocates nor locks.
    fn print(text: &[u8]) {
        // SAFETY: `write` is async-signal-safe; pointer and length come from one slice.
        unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
    }

    fn print_number(mut number: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return print(&digits[at..]);
            }
        }
    }

    extern "C" fn crashed(signal: c_int) {
        print(b"\ncrashed with signal ");
        print_number(signal.unsigned_abs().into());
        print(b"; ");
        print(REPLAY.get().map_or(b"", |replay| replay.as_bytes()));
        print(b"\n");
        for (thread, record) in RECORDS[..USED.load(Ordering::SeqCst)].iter().enumerate() {
            print(b"  thread ");
            print_number(thread as u64);
            print(b", step ");
            print_number(record.step.load(Ordering::Relaxed));
            print(b" ");
            let kind = usize::from(record.kind.load(Ordering::Relaxed));
            print(
                Kind::ALL
                    .get(kind)
                    .map_or(b"", |kind| kind.name().as_bytes()),
            );
            print(b"\n");
        }
    }

    for signal in [
        libc::SIGSEGV,
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
    ] {
        // SAFETY: all zeros is a valid `sigaction`. The handler is async-signal-safe; it runs on
        // std's alternate stack if the thread has one, and only once, since `SA_RESETHAND` restores
        // the default action.
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
