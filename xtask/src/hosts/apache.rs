//! Apache with mod_wsgi: daemon mode and embedded mode.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::host::{Course, Figures, Host};
use super::load::Applications;
use super::process;
use super::server::{self, Server};
use super::site::Site;
use crate::python::Python;
use crate::run;

/// The host.
pub struct Apache;

/// The folder of Debian's modules for Apache.
const MODULES: &str = "/usr/lib/apache2/modules";

/// The user and group of the server if it is started as root: it refuses to run as root.
const USER: &str = "www-data";

impl Host for Apache {
    fn name(&self) -> &'static str {
        "apache"
    }

    fn packages(&self, _python: &Python) -> &'static [&'static str] {
        // Without `apache2`, which has the service.
        &["apache2-bin", "libapache2-mod-wsgi-py3"]
    }

    fn modes(&self, python: &Python) -> Result<Vec<&'static str>> {
        let module = mod_wsgi(python);
        ensure!(
            module.exists(),
            "Debian's mod_wsgi is not for Python {}: there is no {}",
            python.short(),
            module.display()
        );
        Ok(vec!["daemon", "embedded"])
    }

    fn run(&self, course: &Course<'_>) -> Result<Figures> {
        server::run(self, course)
    }
}

impl Server for Apache {
    fn command(&self, course: &Course<'_>, site: &Site, port: u16) -> Result<Command> {
        site.create_folder("run")?;
        let is_root = run::output(Command::new("id").arg("-u"))?.trim() == "0";
        let user = match is_root {
            true => format!("User {USER}\nGroup {USER}"),
            false => String::new(),
        };
        let configuration = site.configure(
            "apache/httpd.conf",
            &[
                ("PORT", port.to_string()),
                ("LOG", course.log.display().to_string()),
                ("USER", user),
                ("MODULES", MODULES.to_owned()),
                ("WSGI", mod_wsgi(course.python).display().to_string()),
            ],
        )?;
        let mut command = process::command("apache2");
        command
            .args(["-D", "FOREGROUND", "-f"])
            .arg(configuration)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }

    fn applications(&self, mode: &str) -> Applications {
        ["one", "two"].map(|name| (name, format!("/{mode}/{name}")))
    }

    fn restart_signal(&self) -> &'static str {
        "USR1"
    }

    fn reloaded_file(&self) -> Option<&'static str> {
        Some("python/one.py")
    }
}

/// Returns the path of mod_wsgi for a Python.
fn mod_wsgi(python: &Python) -> PathBuf {
    Path::new(MODULES).join(format!("mod_wsgi.so-3.{}", python.minor))
}
