//! `cargo xtask check-tls`: checks that no hot path of the library reads thread-local storage.
//!
//! There are two checks. Only listed files of the source declare a `thread_local!`. And in the
//! machine code of the extension packages' wheels, no function on a hot path, or that such a
//! function refers to, accesses a thread-local; functions listed as cold are left out.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::Python;
use crate::run;
use crate::wheels::{EXTENSIONS, REQUIREMENTS, Venv};

/// Prefixes of the names of hot functions. Each must occur in some binary, so that a renamed module
/// does not go unchecked.
const HOT: &[&str] = &[
    "pyatoll::interpreter::",
    "pyatoll::call::",
    "pyatoll::class::",
];

/// The mark in the name of each trampoline that the macros generate.
const TRAMPOLINE: &str = "__pyatoll_";

/// Prefixes that are followed from a hot function: the library, and std below it. Users' code may
/// read thread-locals.
const FOLLOWED: &[&str] = &["pyatoll::", "std::", "core::", "alloc::", "hashbrown::"];

/// Functions that may read thread-local storage, since they are on no hot path, with the reason.
const COLD: &[(&str, &str)] = &[
    ("std::panicking::", "the panic count, once a panic happened"),
    ("std::panic::", "only when panicking"),
    ("core::panicking::", "only when panicking"),
    ("std::backtrace", "only when panicking"),
    ("std::alloc::", "only when memory is out"),
    (
        "alloc::alloc::handle_alloc_error",
        "only when memory is out",
    ),
    (
        "pyatoll::interpreter::entry::",
        "only when detaching, or attaching a thread that is not attached",
    ),
    (
        "pyatoll::interpreter::thread_default::",
        "only in `as_default`, or attaching a thread that is not attached",
    ),
    (
        "pyatoll::interpreter::released::",
        "only when a thread state of another thread is deleted, and in the child of a fork",
    ),
    (
        "pyatoll::interpreter::fork::",
        "only when the process forks",
    ),
    (
        "pyatoll::interpreter::gate::",
        "only when a thread comes in from outside, and at the interpreter's end",
    ),
    (
        "pyatoll::interpreter::compat::legacy::exchange_note",
        "3.11 only: when this library attaches or detaches a thread",
    ),
    (
        "pyatoll::interpreter::compat::legacy::is_own",
        "3.11 only: a thread with several thread states, or none",
    ),
    (
        "pyatoll::interpreter::detach::detached",
        "runs the user's closure, detached",
    ),
    (
        "pyatoll::interpreter::enter::<impl pyatoll::interpreter::token::Python>::detach",
        "as above, where the compiler puts the one into the other",
    ),
    (
        "pyatoll::interpreter::token::Python::detach",
        "the same function in the v0 mangling",
    ),
    (
        "pyatoll::class::type_object::TypeObject::complete",
        "only when a class is created",
    ),
    (
        "pyatoll::class::type_object::Creating",
        "only when a class is created",
    ),
    (
        "pyatoll::class::tickets::",
        "only when a shareable value goes to another interpreter",
    ),
    (
        "pyatoll::class::parts::Unsendable",
        "an `unsendable` class is asked for its thread; the others have nothing of it",
    ),
    (
        "pyatoll::sync::once_lock::OnceValues<T>::make",
        "only when the value of a `PyOnceLock` is made",
    ),
    (
        "pyatoll::interpreter::process::ProcessMutex<T>::replace",
        "only when a lock is first used in a process: makes its value, which may be a HashMap",
    ),
    (
        "pyatoll::interpreter::end::",
        "only when an interpreter ends",
    ),
    (
        "pyatoll::interpreter::compat::forced_unwind::",
        "only on a thread that CPython ends with the process",
    ),
    (
        "pyatoll::interpreter::waits::",
        "only when a thread waits for others to leave or to end",
    ),
    (
        "pyatoll_tests::attaching::",
        "functions of the user's that start threads",
    ),
    (
        "pyatoll_tests::crossing::",
        "a function of the user's that starts a thread",
    ),
    (
        "pyatoll_tests::round_trip::",
        "takes a HashMap: std's has its hasher's keys in a thread-local",
    ),
    (
        "pyatoll::interpreter::attach_timeout::",
        "starts a thread, and waits for it",
    ),
    ("pyatoll::panic::say", "diagnostics"),
    (
        "pyatoll::panic::add_whereabouts",
        "only when a panic becomes an exception",
    ),
    (
        "textstats::Counter::__pyatoll_construct_new",
        "has the user's constructor in it: std's HashMap has its hasher's keys in a thread-local",
    ),
    (
        "pyatoll::error::state::ErrorState::make",
        "only when an exception made by Rust is looked at",
    ),
    (
        "pyatoll::convert::",
        "runs what the user's types do: std's HashMap has its hasher's keys in a thread-local",
    ),
    ("std::io::stdio::_eprint", "diagnostics"),
    ("std::io::stdio::_print", "diagnostics"),
];

/// The library's source, and the files in it that may declare thread-locals, with the reason.
const SOURCE: &str = "crates/pyatoll/src";
const THREAD_LOCAL_FILES: &[(&str, &str)] = &[
    (
        "interpreter/entry/mod.rs",
        "the interpreters of a thread, for one that is not attached or detaches",
    ),
    ("interpreter/entry/list.rs", "the same"),
    (
        "interpreter/released.rs",
        "whether this thread deletes a thread state of another one",
    ),
    (
        "interpreter/thread_default.rs",
        "the interpreter that a thread which is not attached enters by default",
    ),
    (
        "interpreter/busy.rs",
        "whether this thread creates or ends an interpreter",
    ),
    (
        "interpreter/test_interpreter.rs",
        "the feature `test-interpreters`: the interpreter of a test's thread that is not attached",
    ),
    (
        "pool/thread_list.rs",
        "the jobs of a thread that can be interrupted, when one asks for that",
    ),
    (
        "interpreter/compat/legacy.rs",
        "3.11 only: whose the process-wide current thread state is",
    ),
];

/// The listings that objdump is asked for, in order.
const LISTINGS: &[&[&str]] = &[
    &["--dynamic-reloc"],
    &["--disassemble", "--no-show-raw-insn", "--demangle"],
];

/// Runs `cargo xtask check-tls`.
pub fn run(choice: Option<PathBuf>) -> Result<()> {
    let python = Python::find(choice)?;
    let venv = Venv::make(&python, REQUIREMENTS)?;
    venv.install_extensions(&python, EXTENSIONS)?;
    check(&venv)
}

/// Runs both checks on the extension packages installed in `venv`.
pub fn check(venv: &Venv) -> Result<()> {
    let mut faults = check_source(&run::root().join(SOURCE))?;

    if !cfg!(target_os = "linux") {
        println!("check-tls: machine code is checked on Linux only");
        return finish(&faults);
    }
    let mut hot = 0;
    let mut unseen: HashSet<&str> = HOT.iter().copied().chain([TRAMPOLINE]).collect();
    for extension in EXTENSIONS {
        let library = venv.library(extension)?;
        let mut listing = String::new();
        for options in LISTINGS {
            let mut objdump = Command::new("objdump");
            listing += &run::output(objdump.args(*options).arg(&library))
                .context("disassembling needs objdump: install binutils")?;
        }
        let program = Program::parse(&listing);
        let report = program.check();
        hot += report.checked;
        unseen.retain(|pattern| !report.seen.contains(pattern));
        for access in report.accesses {
            faults.push(format!("{}: {access}", extension.module));
        }
    }
    for pattern in unseen {
        faults.push(format!(
            "no function `{pattern}…` in any binary: was it renamed, or the binary stripped?"
        ));
    }
    finish(&faults)?;
    println!("check-tls: ok. {hot} functions checked, none reads thread-local storage");
    Ok(())
}

fn finish(faults: &[String]) -> Result<()> {
    if !faults.is_empty() {
        bail!(
            "thread-local storage on hot paths:\n  {}",
            faults.join("\n  ")
        );
    }
    Ok(())
}

/// Finds declarations of thread-locals outside the listed files.
fn check_source(folder: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !THREAD_LOCAL_FILES
                    .iter()
                    .any(|(file, _)| path.ends_with(file))
            {
                let text = fs::read_to_string(&path)?;
                for line in declarations(&text) {
                    faults.push(format!("{}:{line}: declares one", path.display()));
                }
            }
        }
    }
    Ok(faults)
}

/// Returns the numbers of the lines that declare thread-locals.
fn declarations(source: &str) -> impl Iterator<Item = usize> {
    source.lines().enumerate().filter_map(|(index, line)| {
        let code = line.split("//").next().unwrap_or("");
        let found = ["thread_local!", "#[thread_local]"]
            .iter()
            .any(|word| code.contains(word));
        found.then_some(index + 1)
    })
}

/// One function in a disassembly.
#[derive(Default)]
struct Function {
    name: String,
    /// Addresses that its instructions name: calls, jumps, and functions whose address it takes.
    references: Vec<u64>,
    /// Its instructions that access thread-local storage.
    accesses: Vec<String>,
    /// The address of its last instruction.
    last: u64,
}

/// A disassembled binary.
#[derive(Default)]
struct Program {
    /// Its functions, by address.
    functions: BTreeMap<u64, Function>,
    /// Words that the loader fills with an address in this binary: most calls between crates go
    /// through one, and so do the accessors of thread-locals.
    words: HashMap<u64, u64>,
}

/// The result of checking a [`Program`].
struct Report {
    /// The number of functions that were checked.
    checked: usize,
    /// The prefixes of [`HOT`] and [`TRAMPOLINE`] that the binary has.
    seen: HashSet<&'static str>,
    /// One line for each function with accesses: the way there from a hot path, and the
    /// instruction.
    accesses: Vec<String>,
}

impl Program {
    /// Parses objdump's output for [`LISTINGS`].
    fn parse(listing: &str) -> Self {
        let mut program = Self::default();
        let mut current = None;
        for line in listing.lines() {
            if let Some((address, name)) = header(line) {
                current = Some(address);
                let function = program.functions.entry(address).or_default();
                function.name = name.to_owned();
                function.last = address;
            } else if let Some((address, instruction)) = instruction(line)
                && let Some(function) = current.and_then(|at| program.functions.get_mut(&at))
            {
                function.last = address;
                function.references.extend(references(instruction));
                if is_thread_local(instruction) {
                    function.accesses.push(instruction.to_owned());
                }
            } else if let Some((word, address)) = relocation(line) {
                program.words.insert(word, address);
            }
        }
        program
    }

    /// Returns the function with the instruction at `address`, or that the word at `address` points
    /// to.
    fn containing(&self, address: u64) -> Option<u64> {
        let address = *self.words.get(&address).unwrap_or(&address);
        let (&start, function) = self.functions.range(..=address).next_back()?;
        (address <= function.last).then_some(start)
    }

    /// Walks from the hot functions to everything that they refer to.
    fn check(&self) -> Report {
        let mut seen = HashSet::new();
        // The function that led to each one that was reached; hot functions lead to themselves.
        let mut origin = HashMap::new();
        let mut queue = VecDeque::new();
        for (&start, function) in &self.functions {
            if is_cold(&function.name) {
                continue;
            }
            if let Some(pattern) = hot_pattern(&function.name) {
                seen.insert(pattern);
                origin.insert(start, start);
                queue.push_back(start);
            }
        }

        let mut accesses = Vec::new();
        let mut checked = 0;
        while let Some(start) = queue.pop_front() {
            let function = &self.functions[&start];
            checked += 1;
            if let Some(access) = function.accesses.first() {
                accesses.push(format!("{}: {access}", self.way(start, &origin)));
            }
            for &reference in &function.references {
                if let Some(target) = self.containing(reference)
                    && !origin.contains_key(&target)
                    && is_followed(&self.functions[&target].name)
                {
                    origin.insert(target, start);
                    queue.push_back(target);
                }
            }
        }
        Report {
            checked,
            seen,
            accesses,
        }
    }

    /// Returns the names on the way from a hot function to the one at `end`.
    fn way(&self, end: u64, origin: &HashMap<u64, u64>) -> String {
        let mut names = vec![];
        let mut at = end;
        loop {
            names.push(self.functions[&at].name.as_str());
            let before = origin[&at];
            if before == at {
                break;
            }
            at = before;
        }
        names.reverse();
        names.join(" -> ")
    }
}

/// Parses `0000000000005f30 <name>:`, the line before a function's instructions.
fn header(line: &str) -> Option<(u64, &str)> {
    let (address, rest) = line.split_once(' ')?;
    let name = rest.strip_prefix('<')?.strip_suffix(">:")?;
    Some((u64::from_str_radix(address, 16).ok()?, name))
}

/// Parses `    5f34:<tab>call   7a20 <name>`: the address, and the rest.
fn instruction(line: &str) -> Option<(u64, &str)> {
    let (address, rest) = line.trim_start().split_once(":\t")?;
    Some((u64::from_str_radix(address, 16).ok()?, rest.trim_end()))
}

/// Parses `4ccb8 R_X86_64_RELATIVE  *ABS*+0x11df0`: a word, and the address that the loader puts
/// there.
fn relocation(line: &str) -> Option<(u64, u64)> {
    let mut fields = line.split_whitespace();
    let (word, kind, value) = (fields.next()?, fields.next()?, fields.next()?);
    let address = value.strip_prefix("*ABS*+0x")?;
    kind.ends_with("_RELATIVE").then_some(())?;
    Some((
        u64::from_str_radix(word, 16).ok()?,
        u64::from_str_radix(address, 16).ok()?,
    ))
}

/// Returns the addresses in an instruction: objdump puts ` <name>` after each.
fn references(instruction: &str) -> impl Iterator<Item = u64> {
    instruction.match_indices(" <").filter_map(|(at, _)| {
        let before = &instruction[..at];
        let start = before.rfind([' ', '\t', ',']).map_or(0, |space| space + 1);
        u64::from_str_radix(before[start..].trim_start_matches("0x"), 16).ok()
    })
}

/// Returns whether an instruction accesses thread-local storage.
fn is_thread_local(instruction: &str) -> bool {
    // x86-64, x86: the segment register, except for the stack protector's canary; or the call that
    // a shared library makes. Arm: the thread pointer's register.
    (instruction.contains("%fs:") && !instruction.contains("%fs:0x28"))
        || (instruction.contains("%gs:") && !instruction.contains("%gs:0x14"))
        || instruction.contains("__tls_get_addr")
        || instruction.contains("tpidr_el0")
}

/// Returns a function's path without generic arguments and without the start of a leading type:
/// `a::B as C>::d` for `<&mut a::B<T> as C>::d`.
///
/// The v0 mangling, which later versions of rustc use, includes generic arguments, and writes
/// `<a::B>::c` for `a::B::c`. It names the shim that calls a thread-local's accessor after the
/// accessor's closure. The shim is hot only if a hot function refers to it, so it gets its legacy
/// name here.
fn path(name: &str) -> String {
    if name.contains(ACCESSOR) && name.contains(SHIM) {
        return "core::ops::function::FnOnce::call_once".to_owned();
    }
    let mut rest = name;
    while let Some(more) = ["<", "&", "mut ", "dyn ", "*const ", "*mut ", "["]
        .iter()
        .find_map(|start| rest.strip_prefix(start))
    {
        rest = more;
    }
    let path = without_arguments(rest);
    match path.split_once(">::") {
        Some((self_type, method)) if !self_type.contains(" as ") => {
            format!("{self_type}::{method}")
        }
        _ => path,
    }
}

/// Part of the v0 name of a closure in the inline `const` of `thread_local!`.
const ACCESSOR: &str = "::{K#0}::{closure#";

/// Part of the name of a shim that calls a closure.
const SHIM: &str = " as core::ops::function::FnOnce<";

/// Removes angle brackets and their content.
fn without_arguments(path: &str) -> String {
    let mut depth = 0;
    let mut kept = String::with_capacity(path.len());
    for (at, character) in path.char_indices() {
        // The `>` of `->` closes no bracket.
        let is_arrow = path[..at].ends_with('-');
        match character {
            '<' => depth += 1,
            '>' if depth > 0 && !is_arrow => depth -= 1,
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

fn hot_pattern(name: &str) -> Option<&'static str> {
    if name.contains(TRAMPOLINE) {
        return Some(TRAMPOLINE);
    }
    let path = path(name);
    HOT.iter().copied().find(|start| path.starts_with(start))
}

fn is_cold(name: &str) -> bool {
    let path = path(name);
    COLD.iter()
        .any(|(start, _)| path.starts_with(&without_arguments(start)))
}

fn is_followed(name: &str) -> bool {
    let path = path(name);
    let ours = FOLLOWED.iter().any(|start| path.starts_with(start)) || name.contains(TRAMPOLINE);
    ours && !is_cold(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
libdemo.so:     file format elf64-x86-64

DYNAMIC RELOCATION RECORDS
OFFSET           TYPE              VALUE
0000000000009000 R_X86_64_RELATIVE  *ABS*+0x0000000000003000
0000000000009010 R_X86_64_GLOB_DAT  malloc@GLIBC_2.2.5

Disassembly of section .plt:

0000000000001020 <malloc@plt>:
    1020:\tjmp    *0x2fe2(%rip)        # 4008 <malloc@GLIBC_2.2.5>

Disassembly of section .text:

0000000000002000 <<pyatoll::call::Thing as core::ops::Drop>::drop>:
    2000:\tpush   %rbx
    2001:\tmov    %fs:0x28,%rax
    2005:\tcall   *0x6ff5(%rip)        # 9000 <_DYNAMIC+0x270>
    200a:\tret

0000000000003000 <pyatoll::types::outlined>:
    3000:\tcall   1020 <malloc@plt>
    3005:\tcall   5000 <std::panicking::begin_panic>
    300a:\tlea    0xfef(%rip),%rdi        # 4000 <core::ops::function::FnOnce::call_once>
    3011:\tjmp    6004 <user::code+0x4>

0000000000004000 <core::ops::function::FnOnce::call_once>:
    4000:\tret

0000000000005000 <std::panicking::begin_panic>:
    5000:\tmov    %fs:0x0,%rax
    5009:\tret

0000000000006000 <user::code>:
    6000:\tnop
    6004:\tmov    %fs:0xfffffffffffffff8,%rax
    600d:\tret

0000000000007000 <user::__pyatoll_trampoline>:
    7000:\tret
";

    fn accesses(listing: &str) -> Vec<String> {
        Program::parse(listing).check().accesses
    }

    #[test]
    fn clean_hot_paths_pass_whatever_cold_and_user_code_does() {
        let report = Program::parse(LISTING).check();
        assert_eq!(report.accesses, Vec::<String>::new());
        assert_eq!(report.checked, 4);
        assert_eq!(
            report.seen,
            HashSet::from(["pyatoll::call::", TRAMPOLINE]),
            "patterns that no function has are not seen"
        );
    }

    #[test]
    fn an_access_in_a_hot_function_is_found() {
        let listing = LISTING.replace("%fs:0x28", "%fs:0x0");
        assert_eq!(
            accesses(&listing),
            ["<pyatoll::call::Thing as core::ops::Drop>::drop: mov    %fs:0x0,%rax"]
        );
    }

    #[test]
    fn an_access_in_a_trampoline_is_found() {
        let listing = LISTING.replace(
            "7000:\tret",
            "7000:\tcall   *0x3c2f1(%rip)        # b2f8 <__tls_get_addr@GLIBC_2.3>",
        );
        assert_eq!(accesses(&listing).len(), 1);
    }

    #[test]
    fn an_access_below_a_hot_function_is_found_with_the_way_to_it() {
        let listing = LISTING.replace("4000:\tret", "4000:\tmov    %fs:0x0,%rax");
        assert_eq!(
            accesses(&listing),
            [
                "<pyatoll::call::Thing as core::ops::Drop>::drop -> pyatoll::types::outlined -> \
              core::ops::function::FnOnce::call_once: mov    %fs:0x0,%rax"
            ]
        );
    }

    #[test]
    fn a_jump_into_the_middle_of_a_function_is_followed() {
        let listing = LISTING.replace("user::code", "pyatoll::types::code");
        assert_eq!(accesses(&listing).len(), 1);
    }

    #[test]
    fn an_access_on_arm_is_found() {
        let listing = LISTING.replace("2000:\tpush   %rbx", "2000:\tmrs\tx0, tpidr_el0");
        assert_eq!(accesses(&listing).len(), 1);
    }

    #[test]
    fn v0_mangled_names_match_the_legacy_ones() {
        assert_eq!(path("<a::B>::c"), "a::B::c");
        assert_eq!(path("<a::B<fn() -> C>>::d::<E>"), "a::B::d::");
        assert_eq!(path("<&mut a::B as C<D>>::d"), "a::B as C>::d");
        assert_eq!(path("a::B<T>::c"), "a::B::c");
        let shim = "<a::B::{K#0}::{closure#1} as core::ops::function::FnOnce<(C,)>>::call_once";
        assert_eq!(path(shim), "core::ops::function::FnOnce::call_once");
        let other_shim = "<a::b::{closure#0} as core::ops::function::FnOnce<(C,)>>::call_once";
        assert!(path(other_shim).starts_with("a::b::{closure#0}"));
        assert!(is_cold(
            "<pyatoll::class::type_object::TypeObject>::complete"
        ));
    }

    #[test]
    fn an_access_on_32_bits_is_found() {
        for access in ["mov    %gs:0x0,%eax", "call   9600 <___tls_get_addr@plt>"] {
            let listing = LISTING.replace("2000:\tpush   %rbx", &format!("2000:\t{access}"));
            assert_eq!(accesses(&listing).len(), 1);
        }
        let canary = LISTING.replace("2000:\tpush   %rbx", "2000:\tmov    %gs:0x14,%eax");
        assert_eq!(accesses(&canary), Vec::<String>::new());
    }

    #[test]
    fn declarations_are_found_in_code_and_not_in_comments() {
        let source = "// no thread_local! here\nthread_local! {\n    static A: u8 = 0;\n}\n\
                      #[thread_local]\nstatic B: u8 = 0; // thread_local!\n";
        assert_eq!(declarations(source).collect::<Vec<_>>(), [2, 5]);
    }
}
