//! Differences between CPython versions, as functions and constants with the same meaning on every
//! version. The other files of this layer have no version `cfg`.
//!
//! | file | concern |
//! |---|---|
//! | `target` | the Python that this binary was built for |
//! | `layout` | CPython's memory that is read directly |
//! | `thread_state` | the thread state that this thread is attached with |
//! | `legacy` | the same on 3.11 |
//! | `main_interpreter` | entering the main interpreter |
//! | `thread_ids` | the ids of threads in thread states |
//! | `async_exception` | exceptions that one thread raises in another |
//! | `other_threads` | which threads the thread states of an interpreter belong to |
//! | `lifecycle` | creating interpreters, the end of the runtime |
//! | `ending` | ending an interpreter |
//! | `note` | the thread state that CPython has noted for a thread |
//! | `depth` | the nesting of deallocations and conversions on a thread |
//! | `dict` | dicts |
//! | `raised` | the exception that is set |
//! | `single_phase` | modules that crash in sub-interpreters |
//! | `signals` | the handlers of signals in sub-interpreters |
//! | `forced_unwind` | threads that CPython ends with `pthread_exit` |

mod async_exception;
mod depth;
mod dict;
mod ending;
#[cfg(all(
    not(Py_3_14),
    not(Py_GIL_DISABLED),
    target_os = "linux",
    target_env = "gnu"
))]
mod forced_unwind;
pub(crate) mod layout;
mod legacy;
mod lifecycle;
mod main_interpreter;
mod note;
mod other_threads;
mod raised;
mod signals;
mod single_phase;
mod target;
mod thread_ids;
mod thread_state;

pub(crate) use async_exception::{
    WITHDRAWING_LEAVES_A_FLAG, raise_interrupt, thread_ident, withdraw_interrupt, without_gc,
};
pub(crate) use depth::{Depth, Limits, is_limited_by_stack};
pub(crate) use dict::{item_of_dict, item_or_insert};
pub(crate) use ending::{Ending, call_exit_functions, other_thread_states, shut_down_threading};
pub(crate) use lifecycle::{
    Settings, add_pending_call, at_interpreter_clear, can_delete_first_thread_state,
    creates_one_at_a_time, ends_subs, ends_subs_first, ends_under_anothers_gil, hang_late_threads,
    hangs_late_threads, has_settings, interpreter_exists, is_finalizing, is_in_python, is_running,
    legacy_checks_extensions, new_idle_thread_state, new_interpreter, pending_calls_precede_exit,
    reserves_first_thread_state, shares_subclasses,
};
pub(crate) use main_interpreter::enter_main;
pub(crate) use note::{NoteKey, may_stay};
pub(crate) use other_threads::{has_other_threads, has_thread_state};
pub(crate) use raised::{restore_raised, set_raised_value, take_raised, take_raised_value};
pub(crate) use signals::hide_handlers_of_main;
pub(crate) use single_phase::{avoid_asyncio_in_c, avoid_single_phase_modules};
pub(crate) use target::{assert_version, check_version};
pub(crate) use thread_state::{
    attached_interpreter, current_interpreter, current_thread_state, disown,
    ends_with_threads_left, exchange_attach_note, fork_locks_thread_states, interpreter_of,
    is_attach_noted, is_attached_to, is_running_with, needs_attach_note, noted_thread_state,
    noted_usable_thread_state, notes_latest_thread_state, running_interpreter, set_attach_note,
};
#[cfg(unix)]
pub(crate) use thread_state::{can_fork_with_subs, has_gil, is_held_by_another};
