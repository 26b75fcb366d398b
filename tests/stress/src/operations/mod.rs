//! The operations, and the random order in which a thread runs them.
//!
//! A thread's sequence of [`Draw`]s is a function of the seed and the thread's number. The state
//! that a draw finds (which interpreter is the third, whether it is ending) depends on the other
//! threads.
//!
//! | file | concern |
//! |---|---|
//! | `audit` | comparing interpreters with the model |
//! | `calls` | calls in both directions with known results |
//! | `create` | creating interpreters |
//! | `end` | ending interpreters |
//! | `exits` | exit functions: older than the import, hostile |
//! | `handles` | creating, using, cloning and dropping handles |
//! | `misuse` | misuse that must be refused |
//! | `objects` | maps, queues and locks of `interpshare` |
//! | `outside` | other code that switches stacks, releases the GIL, or stays behind |
//! | `pools` | a pool of interpreters |
//! | `rust_threads` | threads started within an operation |
//! | `sharing` | values that interpreters share |
//! | `values` | values of interpreters, and cells that are not statics |

mod audit;
mod calls;
mod create;
mod end;
mod exits;
mod handles;
mod misuse;
mod objects;
mod outside;
mod pools;
mod rust_threads;
mod sharing;
mod values;

use std::time::Duration;

use anyhow::{Result, anyhow};
use fastrand::Rng;
use pyatoll::PyErr;

use crate::world::World;

pub use audit::{audit, check_ended, final_audit};
pub use calls::call_here;
pub use create::end_all;
pub use objects::{SharedObjects, empty as empty_objects};
pub use outside::{has_daemon_threads, import_greenlet};
pub use pools::{PoolModel, final_audit as final_audit_of_pool, shut_down};
pub use sharing::{
    Parcel, SharedValues, check_ended as check_shared, release_all as release_shared,
};

/// A kind of operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Create,
    CreateFromPython,
    Close,
    CloseWithin,
    DropWithin,
    EndFromPython,
    Call,
    CallInPython,
    Raise,
    Panic,
    Borrow,
    OtherBinary,
    FailingImport,
    Shelve,
    Cycle,
    DropThatPanics,
    MakeHandles,
    UseHandle,
    CopyHandle,
    DropHandle,
    KeepElsewhere,
    WrongInterpreter,
    AttachedElsewhere,
    Nest,
    UseOfEnded,
    Threads,
    PythonThreads,
    Pool,
    Greenlets,
    Released,
    DaemonThread,
    ExitFunctions,
    HostileExit,
    KeepInValue,
    EnterOnDrop,
    Cells,
    EveryType,
    Share,
    UseObject,
    Audit,
}

impl Kind {
    /// All kinds, in the order of their discriminants.
    pub const ALL: [Self; 40] = [
        Self::Create,
        Self::CreateFromPython,
        Self::Close,
        Self::CloseWithin,
        Self::DropWithin,
        Self::EndFromPython,
        Self::Call,
        Self::CallInPython,
        Self::Raise,
        Self::Panic,
        Self::Borrow,
        Self::OtherBinary,
        Self::FailingImport,
        Self::Shelve,
        Self::Cycle,
        Self::DropThatPanics,
        Self::MakeHandles,
        Self::UseHandle,
        Self::CopyHandle,
        Self::DropHandle,
        Self::KeepElsewhere,
        Self::WrongInterpreter,
        Self::AttachedElsewhere,
        Self::Nest,
        Self::UseOfEnded,
        Self::Threads,
        Self::PythonThreads,
        Self::Pool,
        Self::Greenlets,
        Self::Released,
        Self::DaemonThread,
        Self::ExitFunctions,
        Self::HostileExit,
        Self::KeepInValue,
        Self::EnterOnDrop,
        Self::Cells,
        Self::EveryType,
        Self::Share,
        Self::UseObject,
        Self::Audit,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::CreateFromPython => "create from Python",
            Self::Close => "close",
            Self::CloseWithin => "close from within",
            Self::DropWithin => "drop from within",
            Self::EndFromPython => "end from Python",
            Self::Call => "call",
            Self::CallInPython => "call in Python",
            Self::Raise => "raise",
            Self::Panic => "panic",
            Self::Borrow => "borrow",
            Self::OtherBinary => "other binary",
            Self::FailingImport => "failing import",
            Self::Shelve => "shelve",
            Self::Cycle => "cycle",
            Self::DropThatPanics => "panic in drop",
            Self::MakeHandles => "make handles",
            Self::UseHandle => "use handle",
            Self::CopyHandle => "copy handle",
            Self::DropHandle => "drop handle",
            Self::KeepElsewhere => "keep elsewhere",
            Self::WrongInterpreter => "wrong interpreter",
            Self::AttachedElsewhere => "attached elsewhere",
            Self::Nest => "nest",
            Self::UseOfEnded => "use after end",
            Self::Threads => "threads",
            Self::PythonThreads => "Python threads",
            Self::Pool => "pool",
            Self::Greenlets => "greenlets",
            Self::Released => "released",
            Self::DaemonThread => "daemon thread",
            Self::ExitFunctions => "exit functions",
            Self::HostileExit => "hostile exit",
            Self::KeepInValue => "keep in value",
            Self::EnterOnDrop => "enter on drop",
            Self::Cells => "cells",
            Self::EveryType => "every type",
            Self::Share => "share",
            Self::UseObject => "use shared object",
            Self::Audit => "audit",
        }
    }

    /// Returns the relative frequency. Creating and ending interpreters takes the most time.
    fn weight(self) -> u64 {
        match self {
            Self::Create => 8,
            Self::CreateFromPython => 3,
            Self::Close => 5,
            Self::CloseWithin | Self::EndFromPython => 2,
            Self::DropWithin | Self::DaemonThread => 1,
            Self::EveryType => 6,
            Self::ExitFunctions | Self::HostileExit => 2,
            Self::Greenlets => 4,
            Self::Call => 60,
            Self::CallInPython => 30,
            Self::Threads | Self::PythonThreads => 10,
            Self::FailingImport | Self::DropThatPanics => 8,
            Self::Audit => 6,
            Self::MakeHandles | Self::UseHandle | Self::DropHandle | Self::Share => 40,
            _ => 20,
        }
    }

    fn drawn(mut number: u64) -> Self {
        let total: u64 = Self::ALL.into_iter().map(Self::weight).sum();
        number %= total;
        for kind in Self::ALL {
            match number.checked_sub(kind.weight()) {
                Some(rest) => number = rest,
                None => return kind,
            }
        }
        unreachable!("the number is below the sum of the weights")
    }
}

/// One operation: its kind, and random numbers for its choices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    pub kind: Kind,
    pub choices: [u64; 4],
}

/// The infinite sequence of a thread's operations.
pub struct Draws {
    rng: Rng,
}

impl Draws {
    pub fn new(seed: u64, thread: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        for _ in 0..=thread {
            rng = rng.fork();
        }
        Self { rng }
    }
}

impl Iterator for Draws {
    type Item = Draw;

    fn next(&mut self) -> Option<Draw> {
        Some(Draw {
            kind: Kind::drawn(self.rng.u64(..)),
            choices: std::array::from_fn(|_| self.rng.u64(..)),
        })
    }
}

/// Runs one operation on a detached thread.
pub fn run(world: &World, draw: Draw) -> Result<()> {
    world.statistics.count(draw.kind);
    let choices = draw.choices;
    match draw.kind {
        Kind::Create => create::create(world, choices),
        Kind::CreateFromPython => create::create_from_python(world, choices),
        Kind::Close => end::close(world, choices),
        Kind::CloseWithin => end::close_within(world, choices),
        Kind::DropWithin => end::drop_within(world, choices),
        Kind::EndFromPython => end::end_from_python(world, choices),
        Kind::Call => calls::call(world, choices),
        Kind::CallInPython => calls::call_in_python(world, choices),
        Kind::Raise => calls::raise(world, choices),
        Kind::Panic => calls::panic(world, choices),
        Kind::Borrow => calls::borrow(world, choices),
        Kind::OtherBinary => calls::other_binary(world, choices),
        Kind::FailingImport => calls::failing_import(world, choices),
        Kind::Shelve => handles::shelve(world, choices),
        Kind::Cycle => handles::cycle(world, choices),
        Kind::DropThatPanics => handles::drop_that_panics(world, choices),
        Kind::MakeHandles => handles::make(world, choices),
        Kind::UseHandle => handles::use_one(world, choices),
        Kind::CopyHandle => handles::copy(world, choices),
        Kind::DropHandle => handles::drop_one(world, choices),
        Kind::KeepElsewhere => handles::keep_elsewhere(world, choices),
        Kind::WrongInterpreter => misuse::wrong_interpreter(world, choices),
        Kind::AttachedElsewhere => misuse::attached_elsewhere(world, choices),
        Kind::Nest => misuse::nest(world, choices),
        Kind::UseOfEnded => misuse::use_of_ended(world, choices),
        Kind::Threads => rust_threads::threads(world, choices),
        Kind::PythonThreads => calls::python_threads(world, choices),
        Kind::Pool => pools::pool(world, choices),
        Kind::Greenlets => outside::greenlets(world, choices),
        Kind::Released => outside::released(world, choices),
        Kind::DaemonThread => outside::daemon_thread(world, choices),
        Kind::ExitFunctions => exits::exit_functions(world, choices),
        Kind::HostileExit => exits::hostile(world, choices),
        Kind::KeepInValue => values::keep(world, choices),
        Kind::EnterOnDrop => values::enter_on_drop(world, choices),
        Kind::Cells => values::cells(world, choices),
        Kind::EveryType => calls::every_type(world, choices),
        Kind::Share => sharing::share(world, choices),
        Kind::UseObject => objects::use_one(world, choices),
        Kind::Audit => {
            let interpreter = world.pick_any(choices[0]);
            audit(world, &interpreter, Duration::from_millis(100)).map(|_| ())
        }
    }
}

/// Converts an exception to text while its interpreter is attached.
fn to_anyhow(error: PyErr) -> anyhow::Error {
    anyhow!("{error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_the_order_of_their_discriminants() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(number, kind as usize);
        }
    }

    #[test]
    fn a_seed_and_a_thread_give_the_same_operations_each_time() {
        let draws = |seed, thread| Draws::new(seed, thread).take(1000).collect::<Vec<_>>();
        assert_eq!(draws(7, 3), draws(7, 3));
        assert_ne!(draws(7, 3), draws(7, 2));
        assert_ne!(draws(7, 3), draws(8, 3));
    }

    #[test]
    fn every_kind_is_drawn() {
        for kind in Kind::ALL {
            assert!(Draws::new(1, 0).take(10_000).any(|draw| draw.kind == kind));
        }
    }
}
