//! The course of a host that serves both applications over HTTP: start, load, restarts and reloads
//! under load, stop.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::host::{Course, Figures};
use super::load::{self, Applications, Load};
use super::process::{self, Process};
use super::site::Site;
use super::state::{self, State};
use super::{http, output};

/// Time limit for a start or restart; only a hang exceeds it.
const READY: Duration = Duration::from_secs(180);

/// Polling interval while waiting for it.
const POLL: Duration = Duration::from_millis(50);

/// A host that serves the applications over HTTP.
pub trait Server {
    /// Writes the configuration and returns the command that runs the server in the foreground.
    fn command(&self, course: &Course<'_>, site: &Site, port: u16) -> Result<Command>;

    /// Returns the applications `one` and `two`.
    fn applications(&self, mode: &str) -> Applications;

    /// Returns the signal that makes the server restart its processes without closing its port.
    fn restart_signal(&self) -> &'static str;

    /// Returns the file in the site whose change reloads the application `one`, if there is one.
    fn reloaded_file(&self) -> Option<&'static str>;
}

/// Runs the course.
pub fn run(server: &dyn Server, course: &Course<'_>) -> Result<Figures> {
    let site = Site::new(&course.library)?;
    let port = http::free_port()?;
    let applications = server.applications(course.mode);
    let process = Process::start(&mut server.command(course, &site, port)?, &course.log)?;
    let mut running = Running {
        server,
        course,
        process,
        site,
        port,
        applications,
        figures: Figures::default(),
    };
    let result = running.run();
    let mut figures = running.figures;
    figures.faults = output::faults(&course.log)?;
    match result {
        Ok(()) => Ok(figures),
        Err(error) => Err(output::explain(error, &course.log)),
    }
}

struct Running<'a> {
    server: &'a dyn Server,
    course: &'a Course<'a>,
    // Dropped before its files are.
    process: Process,
    site: Site,
    port: u16,
    applications: Applications,
    figures: Figures,
}

/// The process and the number of loads in it, which change with each restart or reload.
type Generation = (u32, u64);

impl Running<'_> {
    fn run(&mut self) -> Result<()> {
        self.wait_for(|_one| true).context("it does not start")?;
        let pid = self.check_isolation()?;
        let warm_up = self.course.scale.warm_up();
        self.steady(warm_up);
        let before = process::resident_kb(pid)?;
        self.steady(self.course.scale.requests.saturating_sub(warm_up));
        self.figures.memory_kb = Some((before, process::resident_kb(pid)?));
        self.restart()?;
        self.check_isolation()?;
        let status = self.process.stop()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Sends requests that must all be answered.
    fn steady(&mut self, requests: usize) {
        let load = load::steady(self.port, &self.applications, requests);
        self.figures.requests += load.requests;
        self.figures.failures += load.failures.len();
        self.keep_first("in steady state", load.failures);
    }

    /// Restarts and reloads under load.
    fn restart(&mut self) -> Result<()> {
        let (port, applications) = (self.port, self.applications.clone());
        let (load, ()) = load::during(port, &applications, || {
            for number in 0..self.course.scale.restarts {
                let old = generation(&self.ask(0, "ticker")?);
                match self.server.reloaded_file() {
                    Some(file) if number % 2 == 1 => self.site.touch(file)?,
                    _ => self.process.signal(self.server.restart_signal())?,
                }
                self.wait_for(|one| generation(one) != old)
                    .with_context(|| format!("restart {}", number + 1))?;
                self.figures.restarts += 1;
                self.settle();
            }
            Ok(())
        })?;
        let Load { requests, failures } = load;
        self.figures.restart_requests += requests;
        self.figures.lost += failures.len();
        self.keep_first("during restarts", failures);
        Ok(())
    }

    /// Sends some requests one after another, so that all threads of a new process are there: uWSGI
    /// may crash or hang if it is restarted while it starts them. A server that is not there yet is
    /// found out by the other clients.
    fn settle(&self) {
        const REQUESTS: usize = 50;
        for number in 0..REQUESTS {
            let _ = self.ask(number % self.applications.len(), "");
        }
    }

    /// Asks both applications and fails unless they are in two interpreters of one process. Returns
    /// the process.
    fn check_isolation(&mut self) -> Result<u32> {
        let one = self.ask(0, "ticker&panic")?;
        self.ask(1, "ticker&panic")?;
        // Background threads run in both.
        let deadline = Instant::now() + READY;
        let two = loop {
            let two = self.ask(1, "")?;
            if two.ticks > 0 {
                break two;
            }
            ensure!(Instant::now() < deadline, "background threads do not run");
            thread::sleep(POLL);
        };
        let expected = self.course.module.name();
        ensure!(
            one.built_with == expected && two.built_with == expected,
            "the modules are {} and {}, expected {expected}",
            one.built_with,
            two.built_with
        );
        let mut faults = state::faults(&one, &two);
        if two.tickers != 2 {
            faults.push(format!("{} background threads, expected 2", two.tickers));
        }
        if !faults.is_empty() {
            bail!("{}", faults.join("\n"));
        }
        Ok(one.pid)
    }

    /// Asks an application.
    fn ask(&self, index: usize, query: &str) -> Result<State> {
        let (name, path) = &self.applications[index];
        State::read(&http::get(self.port, &format!("{path}?{query}"))?, name)
    }

    /// Asks the application `one` until its state is as wanted.
    fn wait_for(&mut self, is_wanted: impl Fn(&State) -> bool) -> Result<()> {
        let deadline = Instant::now() + READY;
        loop {
            self.process.check()?;
            let result = self.ask(0, "ticker");
            if result.as_ref().is_ok_and(&is_wanted) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let answer = result.map(|one| format!("{one:?}"));
                bail!("waited for {} s: {answer:?}", READY.as_secs());
            }
            thread::sleep(POLL);
        }
    }

    fn keep_first(&mut self, when: &str, failures: Vec<String>) {
        const SHOWN: usize = 3;
        let shown = failures.into_iter().take(SHOWN);
        let shown = shown.map(|failure| format!("{when}: {failure}"));
        self.figures.samples.extend(shown);
    }
}

fn generation(state: &State) -> Generation {
    (state.pid, state.loads)
}
