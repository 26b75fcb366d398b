//! [`Server`]: requests as jobs of the pool, their errors as responses, and graceful shutdown.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use pyatoll::pool::PoolError;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::handlers::{Handlers, Reply};

/// Time that remains after the grace period, for the responses of cancelled requests.
const LAST_RESPONSES: Duration = Duration::from_secs(1);

/// The state of the server.
pub struct Server {
    /// The handlers.
    pub handlers: Handlers,
    /// The time after which a request is answered with an error.
    pub timeout: Duration,
}

/// Serves until `stop` resolves. Requests that have arrived by then have `grace` to be answered;
/// after that, those that wait for an interpreter are answered with an error.
///
/// # Errors
/// If a handler still runs after that. It ends with the process.
pub async fn serve(
    listener: TcpListener,
    server: Arc<Server>,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let stop = async {
        stop.await;
        let _ = stopping.send(());
    };
    let app = axum::serve(listener, router(Arc::clone(&server))).with_graceful_shutdown(stop);
    let mut app = tokio::spawn(app.into_future());
    // An error, too: the server has ended, and says why.
    let _ = stopped.await;
    let begin = Instant::now();
    let pool = &server.handlers.pool;
    let ended = match timeout(grace, &mut app).await {
        Ok(ended) => {
            ended??;
            // A handler that was interrupted, after its request had timed out, may still run.
            let left = grace.saturating_sub(begin.elapsed());
            pool.shutdown_async(left.max(LAST_RESPONSES)).await
        }
        Err(_) => {
            // The handles of queued jobs return an error. Running jobs go on.
            let _ = pool.shutdown_now(Duration::ZERO);
            let (ended, _) = tokio::join!(
                pool.shutdown_async(LAST_RESPONSES),
                timeout(LAST_RESPONSES, app)
            );
            ended
        }
    };
    ended.map_err(|error| {
        let running = error.running();
        anyhow!("{running} of the interpreters still ran a handler, which ends with the process")
    })
}

fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", get(status))
        .route("/{name}", post(handle))
        .with_state(server)
}

/// The answer to `GET /`.
#[derive(Serialize)]
struct Status {
    /// Whether the handlers run in parallel.
    own_gil: bool,
    handlers: Vec<String>,
    interpreters: usize,
    /// The number of requests that wait for an interpreter.
    queued: usize,
}

async fn status(State(server): State<Arc<Server>>) -> Json<Status> {
    let Handlers { pool, names, .. } = &server.handlers;
    Json(Status {
        own_gil: server.handlers.own_gil,
        handlers: names.clone(),
        interpreters: pool.size(),
        queued: pool.queued(),
    })
}

/// Answers a request with the result of its handler. Dropped when the client goes away.
async fn handle(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    text: String,
) -> Result<Response, Failure> {
    let handlers = &server.handlers;
    if !handlers.names.contains(&name) {
        let message = format!("no handler `{name}`: GET / lists them");
        return Err(Failure::new(StatusCode::NOT_FOUND, "NotFound", message));
    }
    let mut call = handlers
        .submit(name.clone(), text)
        .map_err(|why| match why {
            None => Failure::unavailable("all interpreters are busy and the queue is full"),
            Some(why) => Failure::of(&name, why),
        })?;
    match timeout(server.timeout, call.result()).await {
        Ok(Ok(Reply::Html(page))) => Ok(Html(page).into_response()),
        Ok(Ok(Reply::Json(text))) => {
            Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
        }
        Ok(Err(error)) => Err(Failure::of(&name, error)),
        Err(_) => {
            let message = format!("no result after {:?}", server.timeout);
            Err(Failure::new(
                StatusCode::GATEWAY_TIMEOUT,
                "Timeout",
                message,
            ))
        }
    }
}

/// An error as a response.
struct Failure {
    status: StatusCode,
    body: FailureBody,
}

#[derive(Serialize)]
struct FailureBody {
    /// The class of the exception, or a name for the server's own errors.
    error: String,
    message: String,
    /// The notes of the exception.
    notes: Vec<String>,
}

impl Failure {
    fn new(status: StatusCode, error: &str, message: impl Into<String>) -> Self {
        let body = FailureBody {
            error: error.to_owned(),
            message: message.into(),
            notes: Vec::new(),
        };
        Self { status, body }
    }

    fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", message)
    }

    /// Returns the response for a handler that has no result. What the client need not know goes
    /// to the log.
    fn of(name: &str, error: PoolError) -> Self {
        match error {
            PoolError::Raised(exception) => {
                eprintln!("handler `{name}`:\n{}", exception.traceback());
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let mut failure = Self::new(status, exception.type_name(), exception.message());
                failure.body.notes = exception.notes().to_vec();
                failure
            }
            PoolError::Cancelled | PoolError::ShutDown | PoolError::RuntimeEnded => {
                Self::unavailable("the server is stopping")
            }
            error => {
                eprintln!("handler `{name}`: {error}");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "Internal", "the handler could not be run")
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
