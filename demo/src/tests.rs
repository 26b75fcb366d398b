//! The demo's parts together, against Python's own tokenizer.

use std::sync::{Arc, Once};

use pyatoll::types::PyModule;

use super::*;

/// Counts like `Counts.kinds`, with Python's own tokenizer.
const REFERENCE: &std::ffi::CStr = c"
import io
import keyword
import tokenize

NAMES = {
    tokenize.NUMBER: 'number',
    tokenize.STRING: 'string',
    tokenize.OP: 'operator',
    tokenize.COMMENT: 'comment',
    tokenize.NEWLINE: 'newline',
}
STARTS = {getattr(tokenize, name, None) for name in ('FSTRING_START', 'TSTRING_START')}
ENDS = {getattr(tokenize, name, None) for name in ('FSTRING_END', 'TSTRING_END')}

def kinds(text):
    counts = dict.fromkeys(['name', 'keyword', 'error', *NAMES.values()], 0)
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in STARTS:
            counts['string'] += depth == 0
            depth += 1
        elif token.type in ENDS:
            depth -= 1
        elif depth == 0 and token.type == tokenize.NAME:
            counts['keyword' if keyword.iskeyword(token.string) else 'name'] += 1
        elif depth == 0 and token.type in NAMES:
            counts[NAMES[token.type]] += 1
    return counts
";

fn start_python() {
    static START: Once = Once::new();
    START.call_once(|| {
        module::register();
        Python::initialize();
    });
}

fn library_files() -> Vec<File> {
    start_python();
    let folder = standard_library().unwrap();
    work::read_files(&folder).unwrap()
}

#[test]
fn tokens_equal_those_of_pythons_own_tokenizer() {
    let files = library_files();
    Python::attach(|py| {
        let reference = PyModule::from_code(py, REFERENCE, c"reference.py", c"reference").unwrap();
        let reference = reference.getattr("kinds").unwrap();
        let mut compared = 0;
        // Top-level modules only: a few dozen are enough, and `tokenize` is slow.
        for file in files.iter().filter(|file| !file.name.contains('/')) {
            let Ok(text) = std::str::from_utf8(&file.data) else {
                continue;
            };
            if text.len() > 40_000 {
                continue;
            }
            let expected: std::collections::BTreeMap<String, u64> =
                reference.call1((text,)).unwrap().extract().unwrap();
            let mut counts = Counts::new();
            counts.add(text, text.len() as u64);
            let found = counts
                .kinds()
                .into_iter()
                .map(|(kind, count)| (kind.to_owned(), count))
                .collect();
            assert_eq!(expected, found, "{}", file.name);
            compared += 1;
        }
        assert!(compared > 20, "only {compared} files compared");
    });
}

#[test]
fn interpreters_that_share_the_work_give_the_result_of_one() {
    let mut files: Vec<File> = library_files().into_iter().take(30).collect();
    let latin1 = "# coding: latin-1\nname = 'ü'\n";
    let encoded = latin1.chars().map(|c| c as u8).collect::<Vec<_>>();
    for (name, data) in [
        ("latin1.py", encoded.clone()),
        ("no_cookie.py", encoded[18..].to_vec()),
        ("unknown.py", b"# coding: klingon\n".to_vec()),
    ] {
        files.push(File {
            name: name.to_owned(),
            data,
        });
    }
    let files: Arc<[File]> = files.into();

    let fleet = Fleet::start(3).unwrap();
    let counted = |size, rounds| {
        let work = Arc::new(Work::new(files.clone(), rounds));
        count(&fleet, size, &work, || ()).unwrap().1
    };
    let (one, all) = (counted(1, 1), counted(3, 2));
    assert_eq!(all.of_one_round(2).as_ref(), Some(&one));
    assert_eq!(one.files, files.len() as u64);
    let failures = one.failures();
    let mut failed: Vec<_> = failures.keys().map(String::as_str).collect();
    failed.sort_unstable();
    assert_eq!(failed, ["no_cookie.py", "unknown.py"]);
    assert!(failures["unknown.py"].contains("klingon"), "{failures:?}");
}
