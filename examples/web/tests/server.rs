//! The server as a program, with real requests over the loopback.

mod support;

use serde_json::json;

use support::{LIMIT, Server, handlers, wait_until, web};

#[test]
fn the_default_handlers_answer() {
    let server = Server::start_with("default", &["--interpreters", "1"]);
    let status = server.status();
    assert_eq!(status["handlers"], json!(["report", "words"]));
    assert_eq!(status["interpreters"], 1);
    let answer = server.call("words", "To be, or not to be").answer();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "words": 6,
            "distinct": 4,
            "mean_length": 2.17,
            "most_common": [["to", 2], ["be", 2], ["or", 1], ["not", 1]],
        })
    );
    let page = server.call("report", "Größe größe").answer();
    assert!(page.head.contains("content-type: text/html"), "{page:?}");
    assert!(page.body.contains("<td>grösse</td><td>2</td>"), "{page:?}");
}

#[test]
fn many_requests_at_once_get_their_own_answers() {
    let server = Server::start("many", 2, &[]);
    let requests: Vec<_> = (0..200)
        .map(|number| server.call("echo", &format!("text {number}")))
        .collect();
    for (number, request) in requests.into_iter().enumerate() {
        let answer = request.answer();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({ "text": format!("text {number}") }));
    }
    let page = server.call("page", "é").answer();
    assert_eq!((page.status, &*page.body), (200, "<p>é"));
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_waits_for_a_request() {
    let server = Server::start("threads", 2, &[]);
    // Everything has been used once.
    assert_eq!(server.call("echo", "").answer().status, 200);
    let threads = server.threads();
    let mut waiting = server.hold(0..2);
    waiting.extend((2..200).map(|number| server.call("hold", &server.folder.held(number))));
    server.wait_until_queued(198);
    assert_eq!(server.threads(), threads);
    server.release(0..200);
    for (number, request) in waiting.into_iter().enumerate() {
        let expected = json!({ "held": server.folder.held(number) });
        assert_eq!(request.answer().json(), expected);
    }
}

#[test]
fn interpreters_share_no_state() {
    let server = Server::start("state", 2, &[]);
    let (a, b) = (server.folder.file("a"), server.folder.file("b"));
    // Each handler waits for the other: they run at once, in one interpreter each.
    let first = server.call("meet", &format!("{a}\n{b}"));
    let second = server.call("meet", &format!("{b}\n{a}"));
    assert_eq!(first.answer().json(), json!({ "seen": a }));
    assert_eq!(second.answer().json(), json!({ "seen": b }));
}

#[test]
fn an_exception_is_an_answer_and_its_traceback_is_in_the_log() {
    let server = Server::start("exceptions", 1, &[]);
    let answer = server.call("fail", "x").answer();
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.json(),
        json!({
            "error": "ValueError",
            "message": "bad text: x",
            "notes": ["send a better one"],
        })
    );
    let log = server.log();
    assert!(log.contains("KeyError: 'x'"), "{log}");
    assert!(log.contains("in fail"), "{log}");
    // Neither these exceptions nor results that are no JSON end an interpreter.
    for (handler, error) in [
        ("leave", "SystemExit"),
        ("nan", "ValueError"),
        ("wrong", "TypeError"),
    ] {
        let answer = server.call(handler, "").answer();
        assert_eq!(answer.error(), (500, error.to_owned()));
    }
    assert_eq!(server.call("echo", "").answer().status, 200);
}

#[test]
fn a_bad_request_is_answered_without_python() {
    let server = Server::start("bad", 2, &[]);
    let answer = server.call("other", "").answer();
    assert_eq!(answer.error(), (404, "NotFound".to_owned()));
    assert_eq!(server.send("GET", "/echo", b"").answer().status, 405);
    assert_eq!(server.send("POST", "/echo", b"\xff").answer().status, 400);
}

/// Calls a handler of the tests, which is late, until one of the calls has begun, and returns the
/// number of calls. On a busy machine, the first ones may be late before they begin.
fn call_late(server: &Server, handler: &str) -> usize {
    let is_started = |number: usize| server.folder.has(&format!("held-{number}.started"));
    let mut calls = 0;
    while !(0..calls).any(is_started) {
        let answer = server.call(handler, &server.folder.held(calls)).answer();
        assert_eq!(answer.error(), (504, "Timeout".to_owned()));
        calls += 1;
    }
    calls
}

#[test]
fn a_late_result_is_a_504_and_the_handler_is_interrupted() {
    let server = Server::start("late", 1, &["--timeout", "0.2"]);
    call_late(&server, "hold");
    // Nothing else ends the handler, which has the only interpreter.
    wait_until("the next answer", || {
        server.call("echo", "").answer().status == 200
    });
}

#[test]
fn a_late_request_that_waits_is_cancelled() {
    let server = Server::start("waits", 1, &["--timeout", "0.2"]);
    let folder = &server.folder;
    // It goes on, so the interpreter stays busy.
    let queued = call_late(&server, "stubborn");
    wait_until("the interrupt", || {
        (0..queued).any(|number| folder.has(&format!("held-{number}.interrupted")))
    });
    let answer = server.call("hold", &folder.held(queued)).answer();
    assert_eq!(answer.error(), (504, "Timeout".to_owned()));
    assert_eq!(server.status()["queued"], 0);
    server.release(0..queued);
    wait_until("the next answer", || {
        server.call("echo", "").answer().status == 200
    });
    // It would have run before.
    assert!(!folder.has(&format!("held-{queued}.started")));
}

#[test]
fn a_client_that_goes_away_interrupts_its_handler() {
    let server = Server::start("interrupted", 1, &[]);
    drop(server.hold(0..1));
    assert_eq!(server.call("echo", "").answer().status, 200);
}

#[test]
fn a_client_that_goes_away_cancels_its_request() {
    let server = Server::start("gone", 1, &[]);
    let running = server.hold(0..1);
    let queued = server.call("hold", &server.folder.held(1));
    server.wait_until_queued(1);
    drop(queued);
    server.wait_until_queued(0);
    server.release(0..2);
    for request in running {
        assert_eq!(request.answer().status, 200);
    }
    assert_eq!(server.call("echo", "").answer().status, 200);
    assert!(!server.folder.has("held-1.started"));
}

#[test]
fn a_full_queue_is_a_503() {
    let server = Server::start("full", 1, &["--queue", "1"]);
    let running = server.hold(0..1);
    let queued = server.call("echo", "queued");
    server.wait_until_queued(1);
    let answer = server.call("echo", "too many").answer();
    assert_eq!(answer.error(), (503, "Unavailable".to_owned()));
    server.release(0..1);
    for request in running.into_iter().chain([queued]) {
        assert_eq!(request.answer().status, 200);
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_server_answers_the_requests_in_flight() {
    let mut server = Server::start("stop", 2, &["--grace", &LIMIT.as_secs().to_string()]);
    let mut requests = server.hold(0..2);
    requests.extend((2..7).map(|number| server.call("hold", &server.folder.held(number))));
    server.wait_until_queued(5);
    server.terminate();
    server.release(0..7);
    for (number, request) in requests.into_iter().enumerate() {
        let answer = request.answer();
        assert_eq!(answer.status, 200);
        let expected = json!({ "held": server.folder.held(number) });
        assert_eq!(answer.json(), expected);
    }
    assert!(server.wait().success(), "{}", server.log());
}

#[cfg(unix)]
#[test]
fn a_stopped_server_does_not_wait_forever() {
    let mut server = Server::start("hang", 1, &["--grace", "0.2"]);
    let running = server.hold(0..1);
    let queued = server.call("echo", "queued");
    server.wait_until_queued(1);
    server.terminate();
    assert_eq!(queued.answer().error(), (503, "Unavailable".to_owned()));
    for request in running {
        request.no_answer();
    }
    assert_eq!(server.wait().code(), Some(1));
    let log = server.log();
    assert!(log.contains("1 of the interpreters still ran"), "{log}");
}

#[test]
fn handlers_that_cannot_be_loaded_are_an_error_at_the_start() {
    let folder = support::Folder::new("broken");
    let file = folder.file("broken.py");
    for (source, reason) in [
        ("def words(", "SyntaxError"),
        ("words = len", "has no attribute '__all__'"),
        ("__all__ = []", "names no handlers"),
        (
            "__all__ = ['x']\nx = 1",
            "`x`, which `__all__` names, is not a function",
        ),
    ] {
        std::fs::write(&file, source).unwrap();
        let output = web(&["--handlers", &file]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            error.contains(reason) && error.contains("broken.py"),
            "{error}"
        );
    }
    let output = web(&["--handlers", "no/such/file.py"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("cannot read the handlers in no/such/file.py"),
        "{error}"
    );
}

#[test]
fn the_measurement_counts_requests_of_both_servers() {
    let output = web(&[
        "--measure",
        "--json",
        "--seconds",
        "0.2",
        "--interpreters",
        "2",
    ])
    .output()
    .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rate = |name: &str| {
        let rate = &report[name];
        let number = |key: &str| rate[key].as_f64().unwrap();
        assert!(number("requests") >= 1.0);
        assert!(number("seconds") >= 0.2);
        let quotient = number("requests") / number("seconds");
        assert!((number("requests_per_second") - quotient).abs() < 1e-6);
        if cfg!(target_os = "linux") {
            assert!(number("python_ms") > 0.0);
        }
        (rate["interpreters"].as_u64().unwrap(), quotient)
    };
    let (one, all) = (rate("one"), rate("all"));
    assert_eq!((one.0, all.0), (1, 2));
    assert!((report["speedup"].as_f64().unwrap() - all.1 / one.1).abs() < 1e-6);
}

#[test]
fn a_shared_gil_is_announced() {
    let server = Server::start_with("gil", &["--handlers", &handlers()]);
    let own_gil = server.status()["own_gil"].as_bool().unwrap();
    assert_eq!(server.log().contains("share one GIL"), !own_gil);
}

#[test]
fn bad_options_are_refused() {
    for (arguments, reason) in [
        (["--interpreters", "0"], "0 is not in 1..="),
        (["--timeout", "0"], "must be more than 0"),
        (["--timeout", "soon"], "not a number"),
        (["--seconds", "5"], "--measure"),
    ] {
        let output = web(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(reason), "{error}");
    }
}
