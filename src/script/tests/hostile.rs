//! Hostile scripts: an error with a place, or an answer; never a crash.

use super::*;

fn outcome(text: impl AsRef<[u8]>) -> Result<usize, Diagnostic> {
    let project = Project::new(&[]);
    project.write("main.py", text);
    let mut library = project.library(&[]);
    library.script("main.py".into())?;
    library.reach("main.py".into(), "f").map(|reach| reach.items.len())
}

/// Parses `text`, or fails with E502.
fn survives(text: impl AsRef<[u8]>) {
    if let Err(error) = outcome(text) {
        assert!(["E502", "E105"].contains(&error.code.id), "{error:?}");
    }
}

fn fails(text: impl AsRef<[u8]>) -> Diagnostic {
    let error = outcome(text).unwrap_err();
    assert_eq!(error.code.id, "E502");
    error
}

#[test]
fn a_syntax_error_has_a_place() {
    let error = fails("x = 1\ndef f(:\n    pass\n");
    let label = &error.labels[0];
    assert_eq!((label.source.name(), label.source.line_column(label.span.start)), ("main.py", (2, 7)));
    fails("print 'hello'\n");
    fails("def f():\n    return 1\n  x = 2\n");
    fails("exec 'x' in y\n");
    fails("def f():\n\tif x:\n        pass\n\ty\n        z\n");
}

#[test]
fn the_error_of_an_imported_module_is_in_that_module() {
    let project = Project::new(&[("main.py", "import h\ndef f(): return h.x\n"), ("h.py", "x = (\n")]);
    let error = project.library(&[]).reach("main.py".into(), "f").unwrap_err();
    assert_eq!((error.code.id, error.labels[0].source.name()), ("E502", "h.py"));
}

#[test]
fn a_missing_script_and_a_missing_function() {
    let project = Project::new(&[("main.py", "def g(): pass\n")]);
    let mut library = project.library(&[]);
    assert_eq!(library.script("none.py".into()).unwrap_err().code.id, "E501");
    assert!(!library.script("none.py".into()).unwrap_err().message.contains(project.root().as_str()));
    assert_eq!(library.reach("main.py".into(), "f").unwrap_err().code.id, "E105");
}

#[test]
fn bytes_that_are_no_text() {
    fails(b"def f(): return '\xff'\n");
    fails("def f(): return 1\0\n");
    assert!(outcome("\u{feff}def f(): return 1\n").is_ok());
    assert!(outcome("\x0cdef f():\r\n\treturn 1\r\n").is_ok());
    assert!(outcome("def f():\r    return 1\r").is_ok());
    fails(vec![b'#'; (16 << 20) + 1]);
}

#[test]
fn line_ends_do_not_count() {
    let digest = |text: &str| reach_of(text, "f").digest;
    let unix = "def f():\n    return '''a\n    b'''\n";
    assert_eq!(digest(unix), digest(&unix.replace('\n', "\r\n")));
    assert_eq!(digest(unix), digest(&format!("\u{feff}{unix}")));
    assert_ne!(digest(unix), digest(&unix.replace("a\n", "a\\r\\n")));
}

#[test]
fn deep_nesting() {
    for depth in [100, 3_000, 10_000, 100_000] {
        let wrap = |open: &str, close: &str| {
            survives(format!("def f(x): return {}x{}\n", open.repeat(depth), close.repeat(depth)));
        };
        wrap("(", ")");
        wrap("[", "]");
        wrap("{", "}");
        wrap("-", "");
        wrap("not ", "");
        wrap("lambda: ", "");
        wrap("", ".a");
        wrap("", "(x)");
        wrap("", "[x]");
        wrap("", " + x");
        wrap("", " ** x");
        wrap("", " if x else x");
        wrap("x if ", " else x");
        wrap("f(", ")");
        wrap("f'{", "}'");
        wrap("(", "");
        wrap("await ", "");
        wrap("x := (", ")");
        wrap("*", "");
    }
}

#[test]
fn on_a_thread_with_a_deep_stack_no_other_is_started() {
    let of_two = parse::deeply(|| {
        let here = std::thread::current().id();
        survives(format!("def f(x): return {}x\n", "-".repeat(9_000)));
        survives(format!("def f(x): return {}x\n", "not ".repeat(100_000)));
        (here, parse::deeply(|| std::thread::current().id()).unwrap())
    });
    let (outer, inner) = of_two.unwrap();
    assert_eq!(outer, inner);
    assert_ne!(outer, std::thread::current().id());
}

#[test]
fn deep_blocks_and_long_chains() {
    let mut blocks = String::new();
    (0..500).for_each(|i| blocks.push_str(&format!("{}if x:\n", " ".repeat(i))));
    survives(format!("{blocks}{}f = 1\n", " ".repeat(500)));
    survives(format!("def f(x):\n  if x: pass\n{}", "  elif x: pass\n".repeat(20_000)));
    survives(format!("def f(x):\n  match x:\n    case {}a{}: pass\n", "[".repeat(5_000), "]".repeat(5_000)));
    survives(format!("def f(x):\n  return [{}]\n", "1, ".repeat(200_000)));
    survives(format!("def f(x):\n  return {{{}}}\n", "'a': [1, (2, 3)], ".repeat(50_000)));
    survives("@a\n".repeat(20_000) + "def f(): pass\n");
    survives(format!("def f(): pass\n{}\n", "a = ".repeat(20_000) + "1"));
    assert!(outcome(format!("def f():\n  return [{}]\n", "1, ".repeat(200_000))).is_ok());
    assert!(outcome(format!("def f():\n  return ({})\n", "'a'\n".repeat(10_000))).is_ok());
}

#[test]
fn any_cut_of_a_script_is_survived() {
    let text = "import a.b as c\nfrom . import d\n@c.x(1)\nclass K(d.B, metaclass=M):\n    'doc'\n    def m(self, *a, k=1, **r) -> int:\n        \
                global g; g = [i for i in f'{a!r:>{k}}' if (j := i)]\n        match a:\n            case {'x': [1, *_], **z} | K(q=3) as w if w: return z\n\
                async def f(x):\n    async with x as y, z: await y\n    try: yield\n    except* E as e: raise e from None\n    else: del x.y, x[1:2]\n";
    for end in 0..text.len() {
        survives(&text[..end]);
        survives(&text[end..]);
    }
}
