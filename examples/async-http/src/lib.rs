//! An HTTP client for `asyncio`: an example of an extension module that uses `pyatoll-async`.
//!
//! Requests run on tokio's threads, which all interpreters share. It needs no code for multiple
//! interpreters.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use pyatoll::create_exception;
use pyatoll::exceptions::{PyException, PyTimeoutError, PyValueError};
use pyatoll::prelude::*;
use pyatoll_async::tokio::future_into_py;

create_exception!(
    async_http,
    HttpError,
    PyException,
    "A request that got no response."
);

type Connections = legacy::Client<HttpConnector, Full<Bytes>>;

/// A client, which keeps its connections.
#[pyclass(module = "async_http", frozen)]
struct Client {
    connections: Connections,
    timeout: Option<Duration>,
}

#[pymethods]
impl Client {
    /// Creates a client whose requests take at most `timeout` seconds.
    #[new]
    #[pyo3(signature = (*, timeout = None))]
    fn new(timeout: Option<f64>) -> PyResult<Self> {
        let timeout = timeout
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            connections: legacy::Client::builder(TokioExecutor::new()).build_http(),
            timeout,
        })
    }

    /// Sends a GET request.
    #[pyo3(signature = (url, *, headers = Vec::new()))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        url: &str,
        headers: Vec<(String, String)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.send(py, request(Method::GET, url, &headers, Bytes::new())?)
    }

    /// Sends a POST request.
    #[pyo3(signature = (url, body, *, headers = Vec::new()))]
    fn post<'py>(
        &self,
        py: Python<'py>,
        url: &str,
        body: Vec<u8>,
        headers: Vec<(String, String)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.send(py, request(Method::POST, url, &headers, body.into())?)
    }
}

impl Client {
    fn send<'py>(
        &self,
        py: Python<'py>,
        request: Request<Full<Bytes>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (connections, timeout) = (self.connections.clone(), self.timeout);
        future_into_py(py, async move {
            let response = receive(connections, request);
            match timeout {
                Some(timeout) => tokio::time::timeout(timeout, response)
                    .await
                    .map_err(|_| PyTimeoutError::new_err("the request took too long"))?,
                None => response.await,
            }
        })
    }
}

fn request(
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> PyResult<Request<Full<Bytes>>> {
    let mut builder = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Full::new(body))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

async fn receive(connections: Connections, request: Request<Full<Bytes>>) -> PyResult<Response> {
    let response = connections.request(request).await;
    let (head, body) = response.map_err(|error| failed(&error))?.into_parts();
    let body = body.collect().await.map_err(|error| failed(&error))?;
    Ok(Response {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.to_bytes(),
    })
}

/// Returns the exception for an error and its causes.
fn failed(error: &dyn std::error::Error) -> PyErr {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    HttpError::new_err(text)
}

/// A complete response.
#[pyclass(module = "async_http", frozen)]
struct Response {
    #[pyo3(get)]
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

#[pymethods]
impl Response {
    #[getter]
    fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text.
    fn text(&self) -> PyResult<&str> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    /// Returns the first value of a header.
    fn header(&self, name: &str) -> Option<String> {
        let name = name.parse::<HeaderName>().ok()?;
        let value: &HeaderValue = self.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    fn __repr__(&self) -> String {
        format!("<Response {}, {} bytes>", self.status, self.body.len())
    }
}

/// An HTTP client for `asyncio`.
#[pymodule]
mod async_http {
    #[pymodule_export]
    use super::{Client, HttpError, Response};
}
