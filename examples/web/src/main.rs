//! An HTTP server in Rust whose handlers are Python code that uses the CPU: axum and tokio outside,
//! an [`InterpreterPool`](pyatoll::InterpreterPool) inside. Each request is a job of the pool, and
//! its handle is a future, so no thread waits for it.
//!
//! | file | concern |
//! |---|---|
//! | `handlers` | the pool, and calls of the Python handlers in it |
//! | `handlers.py` | the default handlers |
//! | `server` | requests as jobs, errors as responses, graceful shutdown |
//! | `signals` | the signals that stop the server |
//! | `measure` | requests per second of one interpreter and of several |
//! | `cpu` | the CPU time that was used, by whom |

mod cpu;
mod handlers;
mod measure;
mod server;
mod signals;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use pyatoll::prelude::*;
use tokio::net::TcpListener;

use crate::handlers::{Handlers, Source};
use crate::server::Server;
use crate::signals::Signals;

/// Serves Python functions over HTTP, in several Python interpreters at once.
///
/// `POST /NAME` calls the handler NAME with the text of the request; `GET /` lists the handlers.
/// SIGTERM and SIGINT stop the server: requests in flight are still answered.
#[derive(Parser)]
#[command(name = "web")]
struct Cli {
    /// The address to listen at; port 0 is any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// How many interpreters [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    interpreters: Option<u16>,
    /// A Python file with the handlers: the functions in its `__all__`
    #[arg(long, value_name = "FILE")]
    handlers: Option<PathBuf>,
    /// How many requests may wait for an interpreter; further ones are answered with 503
    #[arg(long, value_name = "N", default_value_t = 1024)]
    queue: usize,
    /// Seconds until a request without a result is answered with 504
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,
    /// Seconds that requests in flight have when the server is stopped
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    grace: Duration,
    /// Measure the requests per second of one interpreter and of several, instead of serving
    #[arg(long, conflicts_with_all = ["listen", "handlers", "queue", "timeout", "grace"])]
    measure: bool,
    /// Seconds of each measurement
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "5",
        value_parser = seconds,
        requires = "measure"
    )]
    seconds: Duration,
    /// Print the measurement as one line of JSON
    #[arg(long, requires = "measure")]
    json: bool,
}

/// Parses a positive number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("must be more than 0".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    Python::initialize();
    if !handlers::own_gil() {
        eprintln!(
            "note: before Python 3.12 all interpreters share one GIL: the handlers take turns, and \
             more interpreters answer no more requests per second"
        );
    }
    let interpreters = match cli.interpreters {
        Some(number) => number.into(),
        None => std::thread::available_parallelism().map_or(1, Into::into),
    };
    // Its threads are never attached to Python.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if cli.measure {
        let report = runtime.block_on(measure::run(interpreters, cli.seconds))?;
        match cli.json {
            true => println!("{}", serde_json::to_string(&report)?),
            false => print!("{}", report.table()),
        }
        return Ok(());
    }
    let source = Source::read(cli.handlers.as_deref())?;
    let server = Arc::new(Server {
        handlers: Handlers::start(source, interpreters, cli.queue)?,
        timeout: cli.timeout,
    });
    runtime.block_on(serve(cli, server))
}

/// Serves until a signal stops the server.
async fn serve(cli: &Cli, server: Arc<Server>) -> Result<()> {
    let signals = Signals::new()?;
    let listener = TcpListener::bind(cli.listen)
        .await
        .with_context(|| format!("cannot listen at {}", cli.listen))?;
    println!("listening at http://{}", listener.local_addr()?);
    let grace = cli.grace;
    let stop = async move {
        signals.next().await;
        eprintln!("stopping: requests in flight have {grace:?}");
    };
    server::serve(listener, server, stop, grace).await
}
