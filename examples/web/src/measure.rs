//! Requests per second of a server with one interpreter and of one with several.
//!
//! Both servers and their clients are in this process. Clients send their next request when they
//! have the answer to the last, so that there is always one for each interpreter.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use pyatoll::prelude::*;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::cpu::Cpu;
use crate::handlers::{Handlers, Source, THREAD_NAME, python_version};
use crate::server::{self, Server};

/// The handler that is called.
const HANDLER: &str = "words";

/// The number of clients per interpreter.
const CLIENTS: usize = 4;

/// The number of times that both servers are measured, in turn; the best time of each counts.
const ROUNDS: usize = 3;

/// The time limit of a request, and of the end of the servers.
const LIMIT: Duration = Duration::from_secs(600);

/// The result of the measurement.
#[derive(Serialize)]
pub struct Report {
    /// The version of Python.
    python: String,
    /// Whether each interpreter has its own GIL, or Python has no GIL.
    own_gil: bool,
    /// The size of each request's text.
    bytes: usize,
    /// The server with one interpreter.
    one: Rate,
    /// The server with several.
    all: Rate,
    /// The ratio of their requests per second.
    speedup: f64,
}

/// The requests of one measurement.
#[derive(Clone, Copy, Serialize)]
struct Rate {
    interpreters: usize,
    requests: u64,
    seconds: f64,
    requests_per_second: f64,
    /// CPU time in the interpreters' threads per request, in milliseconds.
    python_ms: Option<f64>,
    /// CPU time in the process's other threads per request, in milliseconds: tokio, axum, and the
    /// clients.
    http_ms: Option<f64>,
    /// The number of cores that other processes kept busy.
    cores_of_others: Option<f64>,
}

/// Measures both servers, each for a number of times `time`.
pub async fn run(interpreters: usize, time: Duration) -> Result<Report> {
    let text = Bytes::from(text()?);
    let one = Target::start(1, text.clone()).await?;
    let all = Target::start(interpreters, text.clone()).await?;
    let (mut best_of_one, mut best_of_all) = (None, None);
    for _ in 0..ROUNDS {
        for (target, best) in [(&one, &mut best_of_one), (&all, &mut best_of_all)] {
            let rate = target.measure(time).await?;
            let is_better = |best: Rate| rate.requests_per_second > best.requests_per_second;
            if best.is_none_or(is_better) {
                *best = Some(rate);
            }
        }
    }
    let own_gil = one.own_gil;
    one.stop().await?;
    all.stop().await?;
    let one = best_of_one.context("no rounds")?;
    let all = best_of_all.context("no rounds")?;
    Ok(Report {
        python: python_version(),
        own_gil,
        bytes: text.len(),
        one,
        all,
        speedup: all.requests_per_second / one.requests_per_second,
    })
}

/// Returns the text of the requests: the source of a module of the standard library.
fn text() -> PyResult<String> {
    Python::attach(|py| {
        let module = py.import("argparse")?;
        py.import("inspect")?
            .call_method1("getsource", (module,))?
            .extract()
    })
}

/// A server, and what its clients send to it.
struct Target {
    interpreters: usize,
    own_gil: bool,
    address: SocketAddr,
    text: Bytes,
    /// The answer that every request must get.
    expected: Bytes,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<Result<()>>,
}

impl Target {
    /// Starts a server, and sends it a first request.
    async fn start(interpreters: usize, text: Bytes) -> Result<Self> {
        let handlers = Handlers::start(Source::read(None)?, interpreters, CLIENTS * interpreters)?;
        let own_gil = handlers.own_gil;
        let timeout = LIMIT;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let server = Arc::new(Server { handlers, timeout });
        let server = tokio::spawn(server::serve(listener, server, stopped, LIMIT));
        let expected = Client::connect(address).await?.send(&text).await?;
        Ok(Self {
            interpreters,
            own_gil,
            address,
            text,
            expected,
            stop,
            server,
        })
    }

    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        self.server.await?
    }

    /// Keeps all interpreters busy for `time`, and counts the answers.
    async fn measure(&self, time: Duration) -> Result<Rate> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS * self.interpreters {
            clients.push(Client::connect(self.address).await?);
        }
        let before = Cpu::now(THREAD_NAME);
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        for client in clients {
            let (text, expected) = (self.text.clone(), self.expected.clone());
            tasks.spawn(async move {
                let mut client = client;
                let mut requests = 0;
                while begin.elapsed() < time {
                    let answer = client.send(&text).await?;
                    ensure!(answer == expected, "two requests got different answers");
                    requests += 1;
                }
                Ok(requests)
            });
        }
        let mut requests: u64 = 0;
        for counted in tasks.join_all().await {
            requests += counted?;
        }
        let seconds = begin.elapsed().as_secs_f64();
        let cpu = before
            .zip(Cpu::now(THREAD_NAME))
            .map(|(before, after)| after - before);
        let per_request = |time: Duration| time.as_secs_f64() * 1e3 / requests as f64;
        Ok(Rate {
            interpreters: self.interpreters,
            requests,
            seconds,
            requests_per_second: requests as f64 / seconds,
            python_ms: cpu.map(|cpu| per_request(cpu.named)),
            http_ms: cpu.map(|cpu| per_request(cpu.unnamed)),
            cores_of_others: cpu.map(|cpu| cpu.others.as_secs_f64() / seconds),
        })
    }
}

/// A connection to a server.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request, and returns the answer.
    async fn send(&mut self, text: &Bytes) -> Result<Bytes> {
        self.0.ready().await?;
        let request = Request::post(format!("/{HANDLER}"))
            .header(hyper::header::HOST, "localhost")
            .body(Full::new(text.clone()))?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        let shown = || String::from_utf8_lossy(&answer).into_owned();
        ensure!(status.is_success(), "{status}: {}", shown());
        Ok(answer)
    }
}

impl Report {
    /// Formats the report for people.
    pub fn table(&self) -> String {
        let mut table = format!(
            "Python {}, texts of {} bytes\n{:>12}  {:>10}  {:>9}  {:>9}  {:>13}  {:>8}\n",
            self.python,
            self.bytes,
            "interpreters",
            "requests/s",
            "Python ms",
            "HTTP ms",
            "others' cores",
            "speed-up"
        );
        let shown = |number: Option<f64>| match number {
            Some(number) => format!("{number:.2}"),
            None => "unknown".to_owned(),
        };
        for (rate, speedup) in [(&self.one, 1.0), (&self.all, self.speedup)] {
            let _ = writeln!(
                table,
                "{:>12}  {:>10.1}  {:>9}  {:>9}  {:>13}  {speedup:>8.2}",
                rate.interpreters,
                rate.requests_per_second,
                shown(rate.python_ms),
                shown(rate.http_ms),
                shown(rate.cores_of_others)
            );
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_server() {
        let one = Rate {
            interpreters: 1,
            requests: 500,
            seconds: 2.0,
            requests_per_second: 250.0,
            python_ms: Some(4.0),
            http_ms: Some(0.25),
            cores_of_others: None,
        };
        let all = Rate {
            interpreters: 2,
            requests: 1000,
            requests_per_second: 500.0,
            ..one
        };
        let report = Report {
            python: "3.14.0".into(),
            own_gil: true,
            bytes: 1234,
            one,
            all,
            speedup: 2.0,
        };
        let table = report.table();
        let rows: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[2], ["1", "250.0", "4.00", "0.25", "unknown", "1.00"]);
        assert_eq!(rows[3], ["2", "500.0", "4.00", "0.25", "unknown", "2.00"]);
        assert!(table.starts_with("Python 3.14.0, texts of 1234 bytes\n"));
    }
}
