//! uWSGI: its default, which forks the workers after it has imported the applications, and
//! `--lazy-apps`, which imports them in each worker.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::host::{Course, Figures, Host};
use super::load::Applications;
use super::process;
use super::scale::PARALLEL;
use super::server::{self, Server};
use super::site::Site;
use crate::python::Python;

/// The host.
pub struct Uwsgi;

/// The first minor version in which a worker can end as uWSGI wants to: it finalizes Python while
/// the applications' interpreters exist, and earlier versions abort.
const FIRST_TEARDOWN: u32 = 13;

/// The folder of Debian's plugins for uWSGI.
const PLUGINS: &str = "/usr/lib/uwsgi/plugins";

impl Host for Uwsgi {
    fn name(&self) -> &'static str {
        "uwsgi"
    }

    fn packages(&self, _python: &Python) -> &'static [&'static str] {
        &["uwsgi-core", "uwsgi-plugin-python3"]
    }

    fn modes(&self, python: &Python) -> Result<Vec<&'static str>> {
        let path = Path::new(PLUGINS).join(format!("{}_plugin.so", plugin(python)));
        ensure!(
            path.exists(),
            "Debian's uWSGI is not for Python {}: there is no {}",
            python.short(),
            path.display()
        );
        Ok(vec!["pre-fork", "lazy-apps"])
    }

    fn run(&self, course: &Course<'_>) -> Result<Figures> {
        server::run(self, course)
    }
}

impl Server for Uwsgi {
    fn command(&self, course: &Course<'_>, site: &Site, port: u16) -> Result<Command> {
        let mut command = process::command("uwsgi");
        command
            .args(["--plugins-dir", PLUGINS, "--plugin"])
            .arg(plugin(course.python))
            .args(["--http-socket", &format!("127.0.0.1:{port}")])
            // One worker, so that both applications are in one process.
            .args(["--master", "--die-on-term", "--disable-logging"])
            .args(["--processes", "1", "--threads", &PARALLEL.to_string()])
            // Without it, no thread of an extension module ever gets the GIL.
            .arg("--enable-threads")
            .args(["--manage-script-name", "--need-app"])
            .args(["--mount", "/one=one.py", "--mount", "/two=two.py"])
            // Some workers hang when they end, with any module; the default is a minute.
            .args(["--worker-reload-mercy", "10"])
            .current_dir(site.python())
            .env("PYTHONPATH", site.python())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if course.mode == "lazy-apps" {
            command.arg("--lazy-apps");
        }
        if course.python.minor < FIRST_TEARDOWN {
            command.arg("--skip-atexit-teardown");
        }
        Ok(command)
    }

    fn applications(&self, _mode: &str) -> Applications {
        ["one", "two"].map(|name| (name, format!("/{name}")))
    }

    fn restart_signal(&self) -> &'static str {
        "HUP"
    }

    fn reloaded_file(&self) -> Option<&'static str> {
        None
    }
}

/// Returns the name of the plugin for a Python.
fn plugin(python: &Python) -> String {
    format!("python3{}", python.minor)
}
