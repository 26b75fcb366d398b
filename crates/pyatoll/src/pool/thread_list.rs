//! The lists of [`RunningJobs`] of this thread: one for each interpreter in which it runs jobs, or
//! code that can be interrupted.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

use super::running::RunningJobs;
use crate::interpreter::Interpreter;

thread_local! {
    static LISTS: RefCell<Vec<Arc<RunningJobs>>> = const { RefCell::new(Vec::new()) };
}

/// The registration of a list as this thread's. It is dropped on the same thread.
pub(super) struct ThreadList {
    list: Arc<RunningJobs>,
    not_send: PhantomData<*const ()>,
}

impl ThreadList {
    /// Registers a list as this thread's.
    pub(super) fn new(list: Arc<RunningJobs>) -> Self {
        LISTS.with_borrow_mut(|lists| lists.push(Arc::clone(&list)));
        Self {
            list,
            not_send: PhantomData,
        }
    }

    /// Returns this thread's list for an interpreter.
    pub(super) fn current(interpreter: Interpreter) -> Option<Arc<RunningJobs>> {
        let find = |lists: &RefCell<Vec<Arc<RunningJobs>>>| {
            let lists = lists.borrow();
            let mut lists = lists.iter().rev();
            lists
                .find(|list| list.interpreter() == interpreter && !list.is_forked())
                .cloned()
        };
        LISTS.try_with(find).ok().flatten()
    }
}

impl Drop for ThreadList {
    fn drop(&mut self) {
        // The thread may be at its end.
        let _ = LISTS.try_with(|lists| {
            let mut lists = lists.borrow_mut();
            lists.retain(|list| !Arc::ptr_eq(list, &self.list));
        });
    }
}
