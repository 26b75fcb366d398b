//! The plug-ins of the example, and some that the tests write.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use pyatoll::prelude::*;

use crate::api::{self, Log};
use crate::plugin::{Ended, Limits, Plugin, PluginError};

/// Only hangs reach it.
const LONG: Duration = Duration::from_secs(600);

const PATIENT: Limits = Limits {
    load: LONG,
    call: LONG,
    end: LONG,
};

fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        api::register();
        Python::initialize();
    });
}

fn load(name: &str, limits: Limits) -> (Plugin, Arc<Log>) {
    start();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("plugins")
        .join(name);
    let log = Arc::default();
    (Plugin::load(&folder, limits, &log).unwrap(), log)
}

/// Creates an empty folder for the plug-in of a test.
fn new_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir()
        .join(format!("pyatoll-plugins-{}", std::process::id()))
        .join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn each_plugin_has_its_own_modules_and_output() {
    let (greeter, greeted) = load("greeter", PATIENT);
    let (counter, counted) = load("counter", PATIENT);
    assert_eq!(greeter.call("Ada").unwrap(), "Hello, Ada! I am greeter.");
    assert_eq!(counter.call("to be or not").unwrap(), "4 words");
    assert_eq!(greeted.lines(), ["[greeter] greeting Ada"]);
    assert!(counted.lines().is_empty());
    assert_eq!(greeter.unload(), [Ended::Closed]);
    assert_eq!(counter.unload(), [Ended::Closed]);
}

#[test]
fn threads_may_call_a_plugin_at_once() {
    let (counter, _) = load("counter", PATIENT);
    thread::scope(|scope| {
        for length in 0..8 {
            let counter = &counter;
            scope.spawn(move || {
                let answer = counter.call(&"word ".repeat(length)).unwrap();
                assert_eq!(answer, format!("{length} words"));
            });
        }
    });
    assert_eq!(counter.unload(), [Ended::Closed]);
}

#[test]
fn what_a_plugin_does_wrong_is_an_error_and_it_can_be_called_again() {
    let (rogue, _) = load("rogue", PATIENT);
    let Err(PluginError::Raised(error)) = rogue.call("raise") else {
        panic!("an exception was expected");
    };
    assert_eq!((error.type_name(), error.message()), ("ValueError", "no"));
    assert!(matches!(rogue.call("exit"), Err(PluginError::Exited(status)) if status == "3"));
    assert_eq!(rogue.call("").unwrap(), "done");
    assert_eq!(rogue.unload(), [Ended::Closed]);
}

#[test]
fn a_loop_is_stopped() {
    let limits = Limits {
        call: Duration::from_millis(50),
        ..PATIENT
    };
    let (rogue, _) = load("rogue", limits);
    assert!(matches!(rogue.call("loop"), Err(PluginError::TimedOut)));
    assert_eq!(rogue.unload(), [Ended::Closed]);
}

#[test]
fn a_thread_that_does_not_end_is_left_behind() {
    let limits = Limits {
        end: Duration::from_millis(100),
        ..PATIENT
    };
    let (rogue, _) = load("rogue", limits);
    assert_eq!(rogue.call("thread").unwrap(), "done");
    let ends = rogue.unload();
    assert!(matches!(&*ends, [Ended::Left(_)]), "{ends:?}");
}

#[test]
fn a_plugin_is_reloaded_while_it_runs() {
    start();
    let folder = new_folder("reloaded");
    let write = |version: u32| {
        let text = format!(
            "import os, time\n\
            def handle(flag):\n    \
                print('entered')\n    \
                while not os.path.exists(flag):\n        \
                    time.sleep(0.005)\n    \
                return '{version}'\n"
        );
        fs::write(folder.join("plugin.py"), text).unwrap();
    };
    write(1);
    let log = Arc::default();
    let plugin = Plugin::load(&folder, PATIENT, &log).unwrap();
    let flag = folder.join("flag");
    let existing = folder.to_string_lossy().into_owned();
    thread::scope(|scope| {
        let old = scope.spawn(|| plugin.call(&flag.to_string_lossy()).unwrap());
        while log.lines().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        write(2);
        plugin.reload().unwrap();
        assert_eq!(plugin.call(&existing).unwrap(), "2");

        // A broken file changes nothing.
        fs::write(folder.join("plugin.py"), "1 +").unwrap();
        assert!(matches!(plugin.reload(), Err(PluginError::Raised(_))));
        assert_eq!(plugin.call(&existing).unwrap(), "2");

        fs::write(&flag, "").unwrap();
        assert_eq!(old.join().unwrap(), "1");
    });
    assert_eq!(
        plugin.unload(),
        [Ended::Closed, Ended::Closed, Ended::Closed]
    );
    fs::remove_dir_all(folder).unwrap();
}
