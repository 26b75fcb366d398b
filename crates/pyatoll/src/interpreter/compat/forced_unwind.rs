//! Threads that CPython ends when they want to run Python after the runtime's end has begun.
//!
//! Before 3.14, CPython ends such a thread with `pthread_exit` (`take_gil`, from wherever it
//! released the GIL). glibc's `pthread_exit` unwinds the stack: it runs the destructors of Rust
//! frames, although the thread has no GIL, until it reaches a frame that catches panics, where it
//! aborts the process. Other C libraries do not unwind, and since 3.14 CPython hangs the thread.
//!
//! When a thread is being ended, it is too late to prevent that. So the thread that ends the
//! runtime prepares the others, while it is attached: it interrupts each thread that has a thread
//! state with a signal, whose handler registers a cleanup function with glibc. glibc calls the
//! function before it unwinds the frame in which it was registered. It finds that frame by
//! comparing addresses, and a buffer that is not on the thread's stack counts as one of the
//! innermost frame's. The function hangs the thread if there are frames of this binary on its
//! stack, and otherwise changes nothing.
//!
//! A thread that blocks the signal, or that starts later, is ended as before. Threads of
//! sub-interpreters are not prepared: where one is left, CPython itself aborts the process or waits
//! for the thread (`Py_EndInterpreter`).

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::thread_ids;
use crate::capi as ffi;

/// Ignored by default. A program that handles it must expect it without a reason, since the kernel
/// may announce the same urgent data more than once.
const SIGNAL: c_int = libc::SIGURG;

/// The `si_code` of a signal sent by `tgkill`. Old versions of `libc` do not name it.
const SI_TKILL: c_int = -6;

/// Time limit for the other threads to handle the signal.
const TIMEOUT: Duration = Duration::from_millis(100);

/// Hangs the other threads of `interpreter` instead of unwinding them, should CPython end them.
///
/// # Safety
/// The thread must be attached to `interpreter`.
pub(crate) unsafe fn hang_late_threads(interpreter: *mut ffi::PyInterpreterState) {
    // SAFETY: attached to it (upheld by the caller).
    let threads = unsafe { threads_of(interpreter) };
    if threads.is_empty() {
        return;
    }
    // SAFETY: `sigaction` is called with valid pointers, and `handle` is async-signal-safe. Signals
    // are sent to threads of this process only, and to none by an identity that may be stale
    // memory.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(SIGNAL, null(), &raw mut before) != 0 {
            return;
        }
        let earlier = ROUND.load(Ordering::Acquire).as_ref();
        if let Some(earlier) = earlier
            && before.sa_sigaction == handler()
        {
            before = earlier.before;
        }
        // Never freed: a thread that handles its signal late uses it, and each keeps its buffer.
        let round: &Round = Box::leak(Box::new(Round {
            requests: threads.into_iter().map(Request::new).collect(),
            before,
        }));
        ROUND.store(std::ptr::from_ref(round).cast_mut(), Ordering::Release);
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        if libc::sigaction(SIGNAL, &raw const action, null_mut()) != 0 {
            return;
        }
        for request in &round.requests {
            let sent = libc::syscall(libc::SYS_tgkill, libc::getpid(), request.thread, SIGNAL);
            if sent != 0 {
                // It has ended.
                request.is_done.store(true, Ordering::Relaxed);
            }
        }
        if round.wait() {
            libc::sigaction(SIGNAL, &raw const round.before, null_mut());
        }
    }
}

/// Returns the kernel's id of this thread. Async-signal-safe.
fn this_thread() -> libc::pid_t {
    // SAFETY: has no arguments, and no effect.
    unsafe { libc::syscall(libc::SYS_gettid) as libc::pid_t }
}

/// Returns the kernel's ids of the other threads that have a thread state of `interpreter`.
///
/// # Safety
/// The thread must be attached to `interpreter`.
unsafe fn threads_of(interpreter: *mut ffi::PyInterpreterState) -> Vec<libc::pid_t> {
    // The GIL guards the list of thread states.
    const { assert!(!ffi::is_free_threaded()) };
    let this = this_thread();
    let mut threads = Vec::new();
    // SAFETY: attached (upheld by the caller); thread states are taken out of the list with the GIL
    // held, and freed afterwards.
    unsafe {
        // `thread_id` and `native_thread_id`
        let ids = [libc::pthread_self(), this as c_ulong];
        let Some(place) = thread_ids::place_of(ffi::PyThreadState_Get(), &ids) else {
            return threads;
        };
        let mut next = ffi::PyInterpreterState_ThreadHead(interpreter);
        while !next.is_null() {
            let id = thread_ids::field(next, place + 1) as libc::pid_t;
            if id > 0 && id != this && !threads.contains(&id) {
                threads.push(id);
            }
            next = ffi::PyThreadState_Next(next);
        }
    }
    threads
}

/// glibc's `struct _pthread_cleanup_buffer`.
#[repr(C)]
struct CleanupBuffer {
    routine: Option<unsafe extern "C" fn(*mut c_void)>,
    argument: *mut c_void,
    cancel_type: c_int,
    previous: *mut CleanupBuffer,
}

/// One thread that is to register its cleanup function.
struct Request {
    thread: libc::pid_t,
    is_done: AtomicBool,
    /// Used by the thread only, and by glibc on that thread.
    buffer: UnsafeCell<CleanupBuffer>,
}

impl Request {
    fn new(thread: libc::pid_t) -> Self {
        Self {
            thread,
            is_done: AtomicBool::new(false),
            buffer: UnsafeCell::new(CleanupBuffer {
                routine: None,
                argument: null_mut(),
                cancel_type: 0,
                previous: null_mut(),
            }),
        }
    }
}

/// The requests of one end of the runtime.
struct Round {
    requests: Vec<Request>,
    /// What the signal did before.
    before: libc::sigaction,
}

/// The latest round, or null.
static ROUND: AtomicPtr<Round> = AtomicPtr::new(null_mut());

impl Round {
    /// Waits until all threads are done. `false`: some do not handle the signal in time.
    fn wait(&self) -> bool {
        let end = Instant::now() + TIMEOUT;
        let is_done = |request: &Request| request.is_done.load(Ordering::Acquire);
        while !self.requests.iter().all(is_done) {
            if Instant::now() > end {
                return false;
            }
            thread::sleep(Duration::from_micros(50));
        }
        true
    }
}

fn handler() -> libc::sighandler_t {
    handle as *const () as libc::sighandler_t
}

/// Registers the cleanup function of the thread that was interrupted. Other signals go where they
/// went before.
unsafe extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    unsafe extern "C" {
        fn _pthread_cleanup_push(
            buffer: *mut CleanupBuffer,
            routine: unsafe extern "C" fn(*mut c_void),
            argument: *mut c_void,
        );
        fn _pthread_cleanup_pop(buffer: *mut CleanupBuffer, execute: c_int);
    }
    // SAFETY: a round is never freed. The request is this thread's, so nothing else uses its
    // buffer, and it is used once. glibc's list is this thread's, too, and one store changes it:
    // where the thread is interrupted while it changes the list, this buffer is lost and nothing
    // else.
    unsafe {
        let Some(round) = ROUND.load(Ordering::Acquire).as_ref() else {
            return;
        };
        let this = this_thread();
        let is_own =
            |request: &&Request| request.thread == this && !request.is_done.load(Ordering::Relaxed);
        if (*info).si_code == SI_TKILL
            && let Some(request) = round.requests.iter().find(is_own)
        {
            let buffer = request.buffer.get();
            _pthread_cleanup_push(buffer, hang_if_inside, null_mut());
            // Behind the first one: a function of glibc that was interrupted removes its own buffer
            // together with those that were added after it. Where it has not stored the rest of the
            // list yet, this buffer is lost.
            let first = (*buffer).previous;
            if !first.is_null() {
                _pthread_cleanup_pop(buffer, 0);
                (*buffer).previous = (*first).previous;
                (*first).previous = buffer;
            }
            request.is_done.store(true, Ordering::Release);
            return;
        }
        match round.before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {}
            before if round.before.sa_flags & libc::SA_SIGINFO != 0 => {
                type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
                std::mem::transmute::<libc::sighandler_t, Handler>(before)(signal, info, context);
            }
            before => {
                type Handler = unsafe extern "C" fn(c_int);
                std::mem::transmute::<libc::sighandler_t, Handler>(before)(signal);
            }
        }
    }
}

/// Hangs this thread, which glibc is about to unwind, if it would unwind frames of this binary.
unsafe extern "C" fn hang_if_inside(_: *mut c_void) {
    if is_inside() {
        loop {
            thread::park();
        }
    }
}

/// Returns whether this binary called the function that unwinds this thread, directly or not.
fn is_inside() -> bool {
    #[repr(C)]
    struct Context {
        opaque: [u8; 0],
    }
    unsafe extern "C" {
        fn _Unwind_Backtrace(
            visit: unsafe extern "C" fn(*mut Context, *mut c_void) -> c_int,
            data: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(context: *mut Context) -> usize;
    }
    const CONTINUE: c_int = 0;
    const STOP: c_int = 4;

    struct Search {
        this_binary: *mut c_void,
        /// Whether a frame of another binary was found: the frames before it are this function's.
        is_outside: bool,
        is_inside: bool,
    }

    unsafe extern "C" fn visit(context: *mut Context, search: *mut c_void) -> c_int {
        // SAFETY: the arguments are `_Unwind_Backtrace`'s own.
        unsafe {
            let search = &mut *search.cast::<Search>();
            if binary_of(_Unwind_GetIP(context) as *const c_void) != search.this_binary {
                search.is_outside = true;
            } else if search.is_outside {
                search.is_inside = true;
                return STOP;
            }
        }
        CONTINUE
    }

    let mut search = Search {
        this_binary: binary_of(is_inside as *const c_void),
        is_outside: false,
        is_inside: false,
    };
    // SAFETY: `visit` does not unwind, and `search` outlives the call.
    unsafe { _Unwind_Backtrace(visit, (&raw mut search).cast()) };
    search.is_inside
}

/// Returns the address at which the binary with this code is loaded, or null.
fn binary_of(code: *const c_void) -> *mut c_void {
    // SAFETY: all zeros is a valid `Dl_info`, which `dladdr` fills in.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        libc::dladdr(code, &raw mut info);
        info.dli_fbase
    }
}
