//! Processes of a host, which end with the guard that started them.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use wait_timeout::ChildExt;

use crate::run;

/// Time limit for the end of a host; a hang exceeds it, a slow machine does not.
const END: Duration = Duration::from_secs(180);

/// Returns a command for a program that is told to end when this process dies. Its panics print no
/// backtraces: the debug information that they load would count as the program's memory.
pub fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "TERM", "--"])
        .arg(program.as_ref())
        .env("RUST_BACKTRACE", "0");
    command
}

/// A running process and its children, which are one group. They are killed when it is dropped.
pub struct Process {
    child: Child,
    has_ended: bool,
}

impl Process {
    /// Starts a command in a new group. Its output goes to the end of a file, except what
    /// [`start_with_output`](Self::start_with_output) leaves to a pipe.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let output = append(log)?;
        Self::spawn(command.stdout(output.try_clone()?).stderr(output))
    }

    /// Starts a command in a new group, with a pipe for its standard output.
    pub fn start_with_output(command: &mut Command, log: &Path) -> Result<Self> {
        let errors = append(log)?;
        Self::spawn(command.stdout(Stdio::piped()).stderr(errors))
    }

    fn spawn(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {:?}", command.get_program()))?;
        Ok(Self {
            child,
            has_ended: false,
        })
    }

    /// Returns the pipe of [`start_with_output`](Self::start_with_output), once.
    pub fn take_output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Fails if the process has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => {
                self.has_ended = true;
                bail!("the host has ended ({status})")
            }
            None => Ok(()),
        }
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, name: &str) -> Result<()> {
        run::output(&mut kill(name, &self.child.id().to_string())).map(drop)
    }

    /// Waits until the process has ended by itself.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        match self.child.wait_timeout(END)? {
            Some(status) => {
                self.has_ended = true;
                Ok(status)
            }
            None => bail!("the host does not end: waited for {} s", END.as_secs()),
        }
    }

    /// Asks the process to end, and waits for it.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.check()?;
        self.signal("TERM")?;
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Also after the process itself has ended: a child of it may be left.
        let group = format!("-{}", self.child.id());
        let _ = kill("KILL", &group).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        if !self.has_ended {
            let _ = self.child.wait();
        }
    }
}

/// Returns a command that sends a signal to a process, or to a group if the number is negative. The
/// shell has `kill` itself; the program may be missing.
fn kill(signal: &str, process: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$0\" -- \"$1\"", signal, process]);
    command
}

fn append(log: &Path) -> Result<File> {
    File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))
}

/// Returns the resident memory of a process in KB.
pub fn resident_kb(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{path} has no VmRSS"))
}
