//! Runs a test's body in a child process with a time limit, so that the end of the process does not
//! end the test, and a hang is a failure.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const VARIABLE: &str = "PYATOLL_TEST_CHILD";

/// Runs the test `name` (its path in this binary) alone in a child, which must succeed within
/// `limit`, and returns its output. In the child, runs `body`.
pub fn in_child(name: &str, limit: Duration, body: impl FnOnce()) -> Option<String> {
    let (status, output) = outcome_in_child(name, limit, body)?;
    assert!(status.success(), "the child ended with {status}:\n{output}");
    Some(output)
}

/// Like [`in_child`], but the child may end in any way. Returns its status as well.
pub fn outcome_in_child(
    name: &str,
    limit: Duration,
    body: impl FnOnce(),
) -> Option<(ExitStatus, String)> {
    if std::env::var_os(VARIABLE).is_some() {
        body();
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let read = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            pipe.read_to_end(&mut text).ok();
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > end {
            // With its children, which keep its output open.
            #[cfg(unix)]
            // SAFETY: signals the process group that the child was started in; no memory is
            // involved.
            unsafe {
                libc::kill(-i32::try_from(child.id()).unwrap(), libc::SIGKILL);
            }
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let output = format!("{}\n{}", stdout.join().unwrap(), stderr.join().unwrap());
    let Some(status) = status else {
        panic!("the child did not end within {limit:?}:\n{output}");
    };
    // The name is right, and the test ran.
    assert!(output.contains("running 1 test"), "{output}");
    Some((status, output))
}
