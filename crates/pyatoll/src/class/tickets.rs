//! Tickets: numbers under which a value of a shareable class waits for its receiver.
//!
//! Invariants:
//! - A ticket keeps its value until it is redeemed or canceled, or until the interpreter that
//!   issued it ends.
//! - The table is of this process, and so is its nonce: a forked child has an empty table with
//!   another nonce.
//! - Values are dropped outside of the lock: a drop may run any code.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, ThreadId};
use std::time::SystemTime;

use crate::interpreter::Python;
use crate::interpreter::process::ProcessMutex;
use crate::sync::InterpreterLocal;

/// A value of any shareable class.
pub(super) type AnyValue = Arc<dyn Any + Send + Sync>;

/// What the receiver gets.
pub(super) struct Parcel {
    pub(super) value: AnyValue,
    /// The module that the class is in, in the sending interpreter.
    pub(super) module: Option<String>,
}

/// Why a ticket is refused.
pub(super) enum Refusal {
    /// Another process issued it.
    OtherProcess,
    /// It was redeemed, or its interpreter has ended.
    Gone,
}

struct Ticket {
    parcel: Parcel,
    /// The address of the state of the interpreter that issued it, which is never reused.
    sender: usize,
}

/// A ticket that was redeemed a moment ago.
///
/// If a pickle refers to a class of `__main__` that the receiving interpreter lacks, CPython
/// (`_PyPickle_Loads`) runs the script there and loads the pickle again. So the thread that has
/// redeemed a ticket may do so once more, while others hold the value.
struct Redeemed {
    number: usize,
    thread: ThreadId,
    receiver: usize,
    value: Weak<dyn Any + Send + Sync>,
}

/// The number of tickets that may be redeemed again.
const REDEEMED: usize = 64;

/// The size in bytes of the largest value whose memory such a ticket may keep after the value was
/// dropped.
const LARGEST: usize = 4096;

/// The number of the ticket issued last. Not in the table: it goes on in a forked child, where data
/// that CPython has copied may refer to the parent's tickets.
static LAST: AtomicUsize = AtomicUsize::new(0);

struct Table {
    nonce: u64,
    open: HashMap<usize, Ticket>,
    redeemed: VecDeque<Redeemed>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            // The keys of a `RandomState` are copied by a fork, so two children have the same.
            nonce: RandomState::new().hash_one((std::process::id(), SystemTime::now())),
            open: HashMap::new(),
            redeemed: VecDeque::new(),
        }
    }
}

static TABLE: ProcessMutex<Table> = ProcessMutex::new();

/// The value whose drop cancels an interpreter's tickets when the interpreter ends.
static OUTBOX: InterpreterLocal<Outbox> = InterpreterLocal::new();

struct Outbox {
    sender: usize,
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let canceled: Vec<Ticket> = {
            let mut table = TABLE.lock();
            let of_sender = |ticket: &Ticket| ticket.sender == self.sender;
            let numbers: Vec<usize> = table
                .open
                .iter()
                .filter(|(_, ticket)| of_sender(ticket))
                .map(|(number, _)| *number)
                .collect();
            numbers
                .into_iter()
                .filter_map(|number| table.open.remove(&number))
                .collect()
        };
        drop(canceled);
    }
}

/// Returns the address of the state of the token's interpreter.
fn address(py: Python<'_>) -> usize {
    std::ptr::from_ref(py.owner()).addr()
}

/// Issues a ticket; returns the nonce of the process and the number, which is not 0.
pub(super) fn issue(py: Python<'_>, parcel: Parcel) -> (u64, usize) {
    let sender = address(py);
    OUTBOX.get_or_init(py, || Outbox { sender });
    let mut table = TABLE.lock();
    let number = loop {
        let next = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        // With 32 bits, numbers may come again.
        if next != 0 && !table.open.contains_key(&next) {
            break next;
        }
    };
    table.open.insert(number, Ticket { parcel, sender });
    (table.nonce, number)
}

/// Returns the nonce of the process.
pub(super) fn nonce() -> u64 {
    TABLE.lock().nonce
}

/// Redeems a ticket.
///
/// # Errors
/// [`Refusal`], if it is not of this process or not valid any more.
pub(super) fn redeem(py: Python<'_>, nonce: u64, number: usize) -> Result<Parcel, Refusal> {
    let (thread, receiver) = (thread::current().id(), address(py));
    let mut table = TABLE.lock();
    if nonce != table.nonce {
        return Err(Refusal::OtherProcess);
    }
    if let Some(Ticket { parcel, .. }) = table.open.remove(&number) {
        if size_of_val(&*parcel.value) <= LARGEST {
            table.redeemed.truncate(REDEEMED - 1);
            table.redeemed.push_front(Redeemed {
                number,
                thread,
                receiver,
                value: Arc::downgrade(&parcel.value),
            });
        }
        return Ok(parcel);
    }
    let again = table.redeemed.iter().position(|redeemed| {
        redeemed.number == number && redeemed.thread == thread && redeemed.receiver == receiver
    });
    again
        .and_then(|index| table.redeemed.remove(index))
        .and_then(|redeemed| redeemed.value.upgrade())
        .map(|value| Parcel {
            value,
            module: None,
        })
        .ok_or(Refusal::Gone)
}

/// Cancels a ticket that may have been redeemed.
pub(super) fn cancel(number: usize) {
    let canceled = TABLE.lock().open.remove(&number);
    drop(canceled);
}
