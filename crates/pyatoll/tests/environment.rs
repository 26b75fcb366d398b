//! The paths, arguments and output of a new sub-interpreter.

use std::ffi::CStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pyatoll::exceptions::{PyOSError, PyValueError};
use pyatoll::interpreter::{Gil, SubInterpreter, SubInterpreterBuilder};
use pyatoll::panic::PanicException;
use pyatoll::prelude::*;
use pyatoll::{FromPyObjectOwned, InterpreterPool};

/// Only hangs reach it.
const LONG: Duration = Duration::from_secs(600);

/// Builders for interpreters of each kind.
fn builders() -> [SubInterpreterBuilder; 3] {
    Python::initialize();
    let builder = SubInterpreter::builder;
    [builder(), builder().gil(Gil::Shared), builder().legacy()]
}

/// Evaluates an expression in the interpreter.
fn evaluate<T>(sub: &SubInterpreter, code: &CStr) -> T
where
    T: for<'py> FromPyObjectOwned<'py>,
{
    sub.attach_and_then(|py| {
        let value = py.eval(code, None, None)?;
        value.extract::<T>().map_err(Into::into)
    })
    .unwrap()
}

/// A folder that the test deletes.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("pyatoll-environment-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder.canonicalize().unwrap())
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A writer whose contents the test reads, and whose drop it sees.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Returns how many others have it.
    fn users(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Write for Memory {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer that calls a function with each piece.
struct Calls<F>(F);

impl<F: FnMut(&[u8]) -> io::Result<()>> Write for Calls<F> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        (self.0)(data).map(|()| data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn folders_of_later_calls_come_first_and_relative_ones_become_absolute() {
    let folder = Folder::new("sys-path");
    folder.write("first/named.py", "where = 'first'");
    folder.write("second/named.py", "where = 'second'");
    let (first, second) = (folder.0.join("first"), folder.0.join("second"));
    for builder in builders() {
        let before = builder.build().unwrap();
        let default: Vec<String> = evaluate(&before, c"__import__('sys').path");
        let sub = builder
            .sys_path([&second])
            .sys_path([first.as_path(), Path::new("relative")])
            .build()
            .unwrap();
        let path: Vec<String> = evaluate(&sub, c"__import__('sys').path");
        let expected: Vec<String> = [&first, &std::path::absolute("relative").unwrap(), &second]
            .map(|path| path.to_str().unwrap().to_owned())
            .into_iter()
            .chain(default)
            .collect();
        assert_eq!(path, expected);
        assert_eq!(
            evaluate::<String>(&sub, c"__import__('named').where"),
            "first"
        );
        sub.close().unwrap();
    }
}

#[test]
fn the_last_arguments_count_and_other_interpreters_keep_theirs() {
    for builder in builders() {
        let builder = builder.argv(["gone"]).argv(["tide", "größe"]);
        let sub = builder.build().unwrap();
        let argv: Vec<String> = evaluate(&sub, c"__import__('sys').argv");
        assert_eq!(argv, ["tide", "größe"]);
        let main: Vec<String> = Python::attach(|py| {
            let argv = py.import("sys")?.getattr("argv")?;
            argv.extract()
        })
        .unwrap();
        assert_ne!(main, argv);
    }
}

/// Creates a virtual environment without a Python in it.
fn environment(folder: &Folder, settings: &str) -> PathBuf {
    let packages: PathBuf = Python::attach(|py| {
        let places = pyatoll::types::PyDict::new(py);
        for name in ["base", "platbase"] {
            places.set_item(name, folder.0.as_os_str())?;
        }
        let sysconfig = py.import("sysconfig")?;
        let path = sysconfig.call_method1("get_path", ("purelib", "venv", places))?;
        path.extract()
    })
    .unwrap();
    folder.write("pyvenv.cfg", settings);
    folder.write("elsewhere/in_elsewhere.py", "where = 'elsewhere'");
    folder.write(packages.join("in_packages.py"), "where = 'packages'");
    let elsewhere = folder.0.join("elsewhere");
    folder.write(
        packages.join("test.pth"),
        &format!(
            "{}\nimport sys; sys.pth_was_read = True\n",
            elsewhere.display()
        ),
    );
    packages
}

#[test]
fn a_virtual_environment_has_its_packages_and_its_prefix() {
    Python::initialize();
    let folder = Folder::new("venv");
    let packages = environment(
        &folder,
        "home = /usr\ninclude-system-site-packages = false\n",
    );
    let outer: Vec<String> = Python::attach(|py| {
        let site = py.import("site")?;
        site.call_method0("getsitepackages")?.extract()
    })
    .unwrap();
    for builder in builders() {
        let sub = builder.virtual_env(&folder.0).build().unwrap();
        for (name, place) in [
            (c"__import__('in_packages').where", "packages"),
            (c"__import__('in_elsewhere').where", "elsewhere"),
        ] {
            assert_eq!(evaluate::<String>(&sub, name), place);
        }
        assert!(evaluate::<bool>(&sub, c"__import__('sys').pth_was_read"));
        for prefix in [
            c"__import__('sys').prefix",
            c"__import__('sys').exec_prefix",
        ] {
            assert_eq!(evaluate::<PathBuf>(&sub, prefix), folder.0);
        }
        // The standard library is still there, before the packages; the outer packages are not.
        let path: Vec<PathBuf> = evaluate(&sub, c"__import__('sys').path");
        assert!(path.iter().position(|entry| *entry == packages).unwrap() > 0);
        assert!(
            !path
                .iter()
                .any(|entry| outer.iter().any(|outer| Path::new(outer) == entry))
        );
        assert_eq!(
            evaluate::<PathBuf>(&sub, c"__import__('sysconfig').get_path('purelib')"),
            packages
        );
        sub.close().unwrap();
    }
}

#[test]
fn a_virtual_environment_may_include_the_outer_packages_behind_its_own() {
    Python::initialize();
    let folder = Folder::new("system");
    let packages = environment(&folder, "Include-System-Site-Packages = True\n");
    let [builder, ..] = builders();
    let outer = folder
        .write("outer/in_outer.py", "")
        .parent()
        .unwrap()
        .to_owned();
    let plain = builder.build().unwrap();
    // Some Pythons have no folder for packages, and then none on the path.
    let system: Vec<PathBuf> = evaluate(
        &plain,
        c"[path for path in __import__('sys').path if path in __import__('site').getsitepackages()]",
    );
    let sub = builder
        .sys_path([&outer])
        .virtual_env(&folder.0)
        .build()
        .unwrap();
    let path: Vec<PathBuf> = evaluate(&sub, c"__import__('sys').path");
    let position = |entry: &Path| path.iter().position(|other| other == entry).unwrap();
    for entry in &system {
        assert!(position(entry) > position(&packages), "{path:?}");
    }
    assert_eq!(position(&outer), 0);
}

#[test]
fn what_is_no_environment_is_refused_and_leaves_no_interpreter() {
    Python::initialize();
    let folder = Folder::new("refused");
    let refused = |folder: &Path| {
        let builder = SubInterpreter::builder().virtual_env(folder);
        builder.build().unwrap_err().to_string()
    };
    let error = refused(&folder.0);
    assert!(error.contains("is not a virtual environment"), "{error}");
    assert!(error.contains(folder.0.to_str().unwrap()), "{error}");
    folder.write("pyvenv.cfg", "home = /usr\n");
    let error = refused(&folder.0);
    assert!(
        error.contains("create the environment with that version"),
        "{error}"
    );

    // An interpreter that has ended has given its writer up.
    for builder in builders() {
        let memory = Memory::default();
        let builder = builder.stdout(memory.clone()).virtual_env(&folder.0);
        assert!(builder.build().is_err());
        drop(builder);
        assert_eq!(memory.users(), 0);
    }
}

#[test]
fn output_arrives_in_whole_lines_and_the_rest_at_the_end() {
    for builder in builders() {
        let pieces = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let pieces = Arc::clone(&pieces);
            Calls(move |data: &[u8]| {
                let text = String::from_utf8(data.to_vec()).unwrap();
                pieces.lock().unwrap().push(text);
                Ok(())
            })
        };
        let sub = builder.stdout(writer).build().unwrap();
        let code = c"
import atexit, sys
atexit.register(print, 'at exit')
print('one', 2, 'größe')
print('rest', end='')
sys.stdout.flush()
print(' of it')
sys.stdout.buffer.write(bytearray(b'bytes'))
sys.kept = sys.stdout
print('tail', end='')
";
        sub.attach_and_then(|py| py.run(code, None, None)).unwrap();
        let expected = ["one 2 größe\n", "rest", " of it\n", "bytes"];
        assert_eq!(*pieces.lock().unwrap(), expected);
        sub.close().unwrap();
        let pieces = pieces.lock().unwrap();
        assert_eq!(pieces[expected.len()..].concat(), "tailat exit\n");
    }
}

#[test]
fn the_stream_is_a_text_file() {
    for builder in builders() {
        let sub = builder
            .stdout(Memory::default())
            .stderr(Memory::default())
            .build()
            .unwrap();
        let code = c"
import io, sys
for name, errors in ('stdout', 'strict'), ('stderr', 'backslashreplace'):
    stream = getattr(sys, name)
    assert stream is getattr(sys, f'__{name}__')
    assert isinstance(stream, io.TextIOBase)
    assert (stream.encoding, stream.errors) == ('utf-8', errors)
    assert (stream.name, stream.mode) == (f'<{name}>', 'w')
    assert stream.line_buffering and stream.writable()
    assert not stream.isatty() and not stream.readable() and not stream.seekable()
    assert stream.write('word') == 4
    for call in stream.fileno, stream.tell, stream.read, stream.buffer.read:
        try:
            call()
        except io.UnsupportedOperation:
            pass
        else:
            raise AssertionError(call)
    try:
        stream.buffer.write('text')
    except TypeError:
        pass
    else:
        raise AssertionError
print('\\ud800', file=sys.stderr)
try:
    print('\\ud800')
except UnicodeEncodeError:
    pass
else:
    raise AssertionError
sys.stdout.close()
try:
    print('closed')
except ValueError:
    pass
else:
    raise AssertionError
";
        sub.attach_and_then(|py| py.run(code, None, None)).unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn tracebacks_go_to_standard_error() {
    for builder in builders() {
        let (out, err) = (Memory::default(), Memory::default());
        let sub = builder
            .stdout(out.clone())
            .stderr(err.clone())
            .build()
            .unwrap();
        sub.attach(|py| py.run(c"1 / 0", None, None).unwrap_err().print(py))
            .unwrap();
        sub.close().unwrap();
        assert_eq!(out.text(), "");
        assert!(
            err.text()
                .ends_with("ZeroDivisionError: division by zero\n"),
            "{}",
            err.text()
        );
    }
}

#[test]
fn the_writer_is_dropped_with_the_interpreter_even_if_the_stream_is_kept() {
    for builder in builders() {
        for _ in 0..3 {
            let memory = Memory::default();
            let sub = builder.clone().stdout(memory.clone()).build().unwrap();
            assert_eq!(memory.users(), 1);
            let kept: Py<PyAny> = sub
                .attach_and_then(|py| {
                    py.run(c"print('kept')", None, None)?;
                    Ok(py.import("sys")?.getattr("stdout")?.unbind())
                })
                .unwrap();
            sub.close().unwrap();
            assert_eq!((memory.users(), &*memory.text()), (0, "kept\n"));
            drop(kept);
        }
    }
}

#[test]
fn a_writer_in_place_of_another_one_drops_it() {
    let [builder, ..] = builders();
    let (first, second) = (Memory::default(), Memory::default());
    let builder = builder.stdout(first.clone()).stdout(second.clone());
    assert_eq!((first.users(), second.users()), (0, 1));
    let sub = builder.build().unwrap();
    drop(builder);
    sub.attach_and_then(|py| py.run(c"print('here')", None, None))
        .unwrap();
    drop(sub);
    assert_eq!((second.users(), &*second.text()), (0, "here\n"));
}

#[test]
fn the_thread_is_detached_while_it_writes() {
    for builder in builders() {
        let (begin, begun): (Sender<()>, Receiver<()>) = channel();
        let (go_on, may_go_on): (Sender<()>, Receiver<()>) = channel();
        let writer = Calls(move |_: &[u8]| {
            begin.send(()).unwrap();
            may_go_on.recv_timeout(LONG).map_err(io::Error::other)
        });
        let sub = builder.stdout(writer).build().unwrap();
        let interpreter = sub.interpreter();
        let printing = thread::spawn(move || {
            interpreter.attach_and_then(|py| py.run(c"print('waits')", None, None))
        });
        begun.recv_timeout(LONG).unwrap();
        // Would hang if the other thread kept the GIL.
        assert_eq!(evaluate::<i32>(&sub, c"6 * 7"), 42);
        go_on.send(()).unwrap();
        printing.join().unwrap().unwrap();
        drop(go_on);
        sub.close().unwrap();
    }
}

#[test]
fn failures_of_the_writer_are_exceptions() {
    for builder in builders() {
        let writer = Calls(|data: &[u8]| match data {
            b"panic\n" => panic!("the writer panics"),
            b"fail\n" => Err(io::Error::other("the disk is full")),
            _ => Ok(()),
        });
        let sub = builder.stdout(writer).build().unwrap();
        sub.attach(|py| {
            let error = py.run(c"print('fail')", None, None).unwrap_err();
            assert!(error.is_instance_of::<PyOSError>(py), "{error}");
            assert!(error.to_string().contains("the disk is full"), "{error}");
            let code = c"
try:
    print('panic')
except BaseException as error:
    caught = error
";
            py.run(code, None, None).unwrap();
            let caught = py.eval(c"caught", None, None).unwrap();
            assert!(caught.is_instance_of::<PanicException>());
            // The lock that was held in the panic is free.
            py.run(c"print('good')", None, None).unwrap();
        })
        .unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn the_interpreters_of_a_pool_share_a_writer() {
    Python::initialize();
    let memory = Memory::default();
    let builder = SubInterpreter::builder()
        .stdout(memory.clone())
        .argv(["worker"]);
    let pool = InterpreterPool::builder()
        .size(2)
        .interpreter(builder)
        .build()
        .unwrap();
    let code = c"import sys; print(sys.argv[0], 'is here')";
    let jobs: Vec<_> = (0..40)
        .map(|_| pool.submit(|py| py.run(code, None, None)))
        .collect();
    for job in jobs {
        job.join().unwrap();
    }
    pool.shutdown(LONG).unwrap();
    drop(pool);
    assert_eq!(memory.text(), "worker is here\n".repeat(40));
    assert_eq!(memory.users(), 0);
}

#[test]
fn an_interpreter_can_be_built_while_the_thread_is_attached() {
    let [builder, ..] = builders();
    let memory = Memory::default();
    let builder = builder.stdout(memory.clone()).argv(["attached"]);
    let outer = SubInterpreter::builder().build().unwrap();
    outer
        .attach(|py| {
            let sub = builder.build().unwrap();
            assert_eq!(pyatoll::Interpreter::current(), Some(py.interpreter()));
            py.detach(|| {
                sub.attach_and_then(|py| py.run(c"print('inner')", None, None))
                    .unwrap()
            });
            sub.close().unwrap();
        })
        .unwrap();
    assert_eq!(memory.text(), "inner\n");
    // A failure restores the attachment, too.
    Python::attach(|py| {
        let refused = SubInterpreter::builder()
            .virtual_env("/no/such/folder")
            .build();
        assert!(refused.is_err());
        assert_eq!(pyatoll::Interpreter::current(), Some(py.interpreter()));
        assert!(PyValueError::new_err("usable").is_instance_of::<PyValueError>(py));
    });
}
