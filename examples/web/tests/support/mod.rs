//! The server as a program, and its clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The time after which a test hangs. A busy machine may need minutes for what takes milliseconds.
pub const LIMIT: Duration = Duration::from_secs(600);

/// A folder for the files of one test, empty at first.
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).unwrap();
        }
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Returns the path of a file.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Returns the path of the file for a request of the handler `hold`.
    pub fn held(&self, number: usize) -> String {
        self.file(&format!("held-{number}"))
    }

    /// Returns whether a file exists.
    pub fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// Creates a file.
    pub fn touch(&self, name: &str) {
        std::fs::write(self.0.join(name), "").unwrap();
    }
}

/// Waits until a condition holds.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < LIMIT, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns a command that runs the program.
pub fn web(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_web"));
    command.args(arguments);
    command
}

/// Returns the path of the handlers of the tests.
pub fn handlers() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handlers.py");
    path.to_str().unwrap().to_owned()
}

/// A running server.
pub struct Server {
    process: Child,
    address: SocketAddr,
    log: PathBuf,
    /// The files of the test.
    pub folder: Folder,
}

impl Server {
    /// Starts a server with the handlers of the tests.
    pub fn start(test: &str, interpreters: usize, arguments: &[&str]) -> Self {
        let handlers = handlers();
        let interpreters = interpreters.to_string();
        let mut all = vec!["--interpreters", &interpreters, "--handlers", &handlers];
        all.extend(arguments);
        Self::start_with(test, &all)
    }

    /// Starts a server.
    pub fn start_with(test: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new(test);
        let log = folder.0.join("log");
        let mut process = web(&["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let Some(address) = line.strip_prefix("listening at http://") else {
            let log = std::fs::read_to_string(log).unwrap();
            panic!("the server has not started: {line}{log}");
        };
        let address = address.trim().parse().unwrap();
        Self {
            process,
            address,
            log,
            folder,
        }
    }

    /// Sends a request, and does not wait for the answer.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Request {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Request(stream)
    }

    /// Sends text to a handler, and does not wait for the answer.
    pub fn call(&self, handler: &str, text: &str) -> Request {
        self.send("POST", &format!("/{handler}"), text.as_bytes())
    }

    /// Returns the server's answer to `GET /`.
    pub fn status(&self) -> Value {
        let answer = self.send("GET", "/", b"").answer();
        assert_eq!(answer.status, 200);
        answer.json()
    }

    /// Waits until this number of requests waits for an interpreter.
    pub fn wait_until_queued(&self, number: u64) {
        wait_until("queued requests", || self.status()["queued"] == number);
    }

    /// Sends requests to the handler `hold`, and waits until they run. `first` is the number of the
    /// first of them.
    pub fn hold(&self, numbers: std::ops::Range<usize>) -> Vec<Request> {
        let request = |number| self.call("hold", &self.folder.held(number));
        let requests: Vec<Request> = numbers.clone().map(request).collect();
        for number in numbers {
            let started = format!("held-{number}.started");
            wait_until("handlers that run", || self.folder.has(&started));
        }
        requests
    }

    /// Lets requests of `hold` go.
    pub fn release(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.folder.touch(&format!("held-{number}.go"));
        }
    }

    /// Returns what the server has written to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Returns the number of the server's threads.
    #[cfg(target_os = "linux")]
    pub fn threads(&self) -> usize {
        let path = format!("/proc/{}/task", self.process.id());
        std::fs::read_dir(path).unwrap().count()
    }

    /// Asks the server to stop, and waits until it begins to.
    #[cfg(unix)]
    pub fn terminate(&self) {
        // Part of the shell: not every system has a program of that name.
        let kill = format!("kill -TERM {}", self.process.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.unwrap().success());
        wait_until("the signal", || self.log().contains("stopping"));
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the end of the server", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A request that was sent. Dropping it closes its connection.
pub struct Request(TcpStream);

impl Request {
    /// Waits for the answer.
    pub fn answer(mut self) -> Answer {
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("no answer");
        let status = head.split(' ').nth(1).unwrap();
        Answer {
            status: status.parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Waits until the server closes the connection, without an answer.
    pub fn no_answer(mut self) {
        let mut answer = Vec::new();
        // Closed or reset.
        let _ = self.0.read_to_end(&mut answer);
        assert_eq!(String::from_utf8_lossy(&answer), "");
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The status line and the headers, in lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Returns the body, which is JSON.
    pub fn json(&self) -> Value {
        assert!(
            self.head.contains("content-type: application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns the status, and the name of the error.
    pub fn error(&self) -> (u16, String) {
        let error = self.json()["error"].as_str().unwrap().to_owned();
        (self.status, error)
    }
}
