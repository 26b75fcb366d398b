//! The operations, and which of them a thread does when.
//!
//! A thread's sequence of [`Draw`]s is a function of the seed and the thread's number. What a draw
//! meets (which interpreter is the third, whether it is ending) depends on the other threads as well.

mod audit;
mod calls;
mod ends;
mod handles;
mod lives;
mod misuse;
mod pools;
mod rust_threads;

use std::time::Duration;

use anyhow::{Result, anyhow};
use fastrand::Rng;
use pyatoll::PyErr;

use crate::world::World;

pub use audit::{audit, ended_well, final_audit};
pub use calls::call_here;
pub use lives::end_all;
pub use pools::{Crew, dismiss, final_audit as final_audit_of_pool};

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
    Audit,
}

impl Kind {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 29] = [
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
            Self::DropThatPanics => "drop that panics",
            Self::MakeHandles => "make handles",
            Self::UseHandle => "use handle",
            Self::CopyHandle => "copy handle",
            Self::DropHandle => "drop handle",
            Self::KeepElsewhere => "keep elsewhere",
            Self::WrongInterpreter => "wrong interpreter",
            Self::AttachedElsewhere => "attached elsewhere",
            Self::Nest => "nest",
            Self::UseOfEnded => "use of ended",
            Self::Threads => "threads",
            Self::PythonThreads => "Python threads",
            Self::Pool => "pool",
            Self::Audit => "audit",
        }
    }

    /// How often, of all together. Interpreters take the most time to make and end.
    const fn weight(self) -> u64 {
        match self {
            Self::Create => 8,
            Self::CreateFromPython => 3,
            Self::Close => 5,
            Self::CloseWithin | Self::EndFromPython => 2,
            Self::DropWithin => 1,
            Self::Call => 60,
            Self::CallInPython => 30,
            Self::Threads | Self::PythonThreads => 10,
            Self::FailingImport | Self::DropThatPanics => 8,
            Self::Audit => 6,
            Self::MakeHandles | Self::UseHandle | Self::DropHandle => 40,
            _ => 20,
        }
    }

    fn drawn(mut number: u64) -> Self {
        let total: u64 = Self::ALL.iter().map(|kind| kind.weight()).sum();
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

/// One operation: its kind, and the numbers that its choices are made with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    pub kind: Kind,
    pub choices: [u64; 4],
}

/// A thread's operations.
pub struct Draws(Rng);

impl Draws {
    pub fn new(seed: u64, thread: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        for _ in 0..=thread {
            rng = rng.fork();
        }
        Self(rng)
    }
}

impl Iterator for Draws {
    type Item = Draw;

    fn next(&mut self) -> Option<Draw> {
        Some(Draw {
            kind: Kind::drawn(self.0.u64(..)),
            choices: std::array::from_fn(|_| self.0.u64(..)),
        })
    }
}

/// Does one operation, on a thread that is attached to no interpreter.
pub fn run(world: &World, draw: Draw) -> Result<()> {
    world.statistics.count(draw.kind);
    let choices = draw.choices;
    match draw.kind {
        Kind::Create => lives::create(world, choices),
        Kind::CreateFromPython => lives::create_from_python(world, choices),
        Kind::Close => ends::close(world, choices),
        Kind::CloseWithin => ends::close_within(world, choices),
        Kind::DropWithin => ends::drop_within(world, choices),
        Kind::EndFromPython => ends::end_from_python(world, choices),
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
        Kind::Audit => {
            let life = world.any(choices[0]);
            audit(world, &life, Duration::from_millis(100)).map(|_| ())
        }
    }
}

/// An exception as text, made where it can be.
fn said(error: PyErr) -> anyhow::Error {
    anyhow!("{error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_the_order_of_their_numbers() {
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
