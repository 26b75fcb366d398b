//! A client for servers on this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Time limit for an answer; only a hang exceeds it.
const ANSWER: Duration = Duration::from_secs(120);

/// Returns a port that is free now.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

/// Requests a path and returns the body. Any status but 2xx, or an incomplete answer, is an error.
pub fn get(port: u16, path: &str) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER).context("cannot connect")?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .context("cannot send the request")?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .context("cannot read the answer")?;
    body(&String::from_utf8_lossy(&answer))
}

/// Returns the body of an answer.
fn body(answer: &str) -> Result<String> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        bail!("no answer");
    };
    let status = head.split(' ').nth(1).unwrap_or("");
    if !status.starts_with('2') {
        // An application says what is wrong, a server's own page says only that something is.
        let is_page = body.trim_start().starts_with('<');
        bail!(
            "status {status} {}",
            if is_page { "" } else { body.trim_end() }
        );
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    if length != Some(body.len()) {
        bail!("the answer has {} bytes, promised {length:?}", body.len());
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_answer_with_status_2xx_is_one() {
        let good = "HTTP/1.1 200 OK\r\nContent-length: 2\r\n\r\nok";
        assert_eq!(body(good).expect("complete"), "ok");
        for (bad, says) in [
            ("", "no answer"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "2 bytes"),
            ("HTTP/1.1 200 OK\r\n\r\nok", "promised None"),
            ("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", "503"),
        ] {
            let error = body(bad).expect_err("no good answer").to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
