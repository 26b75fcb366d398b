//! A program with plug-ins in Python, each in an interpreter of its own.
//!
//! | file | concern |
//! |---|---|
//! | `api` | the module that plug-ins import, and their output |
//! | `limit` | time limits for Python code |
//! | `plugin` | loading, calling, reloading and ending a plug-in |

mod api;
mod limit;
mod plugin;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pyatoll::prelude::*;

use crate::api::Log;
use crate::plugin::{Limits, Plugin};

/// The calls that the threads make.
const CALLS: [(&str, &str); 6] = [
    ("greeter", "Ada"),
    ("counter", "to be or not to be"),
    ("rogue", "raise"),
    ("rogue", "exit"),
    ("rogue", "loop"),
    ("rogue", "thread"),
];

fn main() -> Result<(), Box<dyn Error>> {
    api::register();
    Python::initialize();
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins"),
    };
    let limits = Limits {
        load: Duration::from_secs(10),
        call: Duration::from_secs(1),
        end: Duration::from_secs(1),
    };
    let log = Arc::new(Log::default());
    let mut plugins = Vec::new();
    for name in ["greeter", "counter", "rogue"] {
        plugins.push((name, Plugin::load(&folder.join(name), limits, &log)?));
    }

    // Each thread calls a plug-in, some the same one at once, while this thread reloads them.
    thread::scope(|scope| {
        for (name, text) in CALLS {
            let plugins = &plugins;
            scope.spawn(move || {
                for (_, plugin) in plugins.iter().filter(|(known, _)| *known == name) {
                    match plugin.call(text) {
                        Ok(answer) => println!("{name}({text:?}): {answer}"),
                        Err(error) => println!("{name}({text:?}) failed: {error}"),
                    }
                }
            });
        }
        for (name, plugin) in &plugins {
            if let Err(error) = plugin.reload() {
                println!("{name} stays as it was: {error}");
            }
        }
    });

    for (name, plugin) in plugins {
        println!("{name} has ended: {:?}", plugin.unload());
    }
    Ok(())
}
