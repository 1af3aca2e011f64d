//! Properties over random projects: what is reached decides, and nothing else.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// A project of functions `f0`, `f1`, ... in three modules, each with a constant and calls of others.
#[derive(Clone, Debug)]
struct Web {
    constants: Vec<u16>,
    calls: Vec<Vec<usize>>,
    /// How each function refers to functions of other modules.
    styles: Vec<u8>,
}

const MODULES: [&str; 3] = ["main", "alpha", "beta"];

impl Web {
    fn any() -> impl Strategy<Value = Self> {
        (2usize..12).prop_flat_map(|n| {
            let calls = prop::collection::vec(prop::collection::vec(0..n, 0..3), n);
            (prop::collection::vec(any::<u16>(), n), calls, prop::collection::vec(0u8..4, n))
                .prop_map(|(constants, calls, styles)| Self { constants, calls, styles })
        })
    }

    fn home(i: usize) -> usize {
        i % MODULES.len()
    }

    fn reached(&self, from: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![from];
        while let Some(i) = todo.pop() {
            if seen.insert(i) {
                todo.extend(&self.calls[i]);
            }
        }
        seen
    }

    fn call(&self, from: usize, to: usize, body: &mut String) -> String {
        let module = MODULES[Self::home(to)];
        if Self::home(from) == Self::home(to) {
            return format!("f{to}()");
        }
        match self.styles[from] {
            0 => format!("{module}.f{to}()"),
            1 => {
                let _ = writeln!(body, "    from {module} import f{to} as g{to}");
                format!("g{to}()")
            }
            2 => {
                let _ = writeln!(body, "    import {module} as m{to}");
                format!("m{to}.f{to}()")
            }
            _ => format!("getattr({module}, 'f{to}')()"),
        }
    }

    fn module(&self, module: usize) -> String {
        let mut text: String = MODULES.iter().map(|name| format!("import {name}\n")).collect();
        for i in (0..self.constants.len()).filter(|i| Self::home(*i) == module) {
            let mut body = String::new();
            let calls: Vec<String> = self.calls[i].iter().map(|to| self.call(i, *to, &mut body)).collect();
            let _ = writeln!(text, "C{i} = {}", self.constants[i]);
            let _ = writeln!(text, "def f{i}():\n{body}    return [C{i}, {}]", calls.join(", "));
        }
        text
    }

    fn digests(&self, dress: impl Fn(String) -> String) -> Vec<Digest> {
        let project = Project::new(&[]);
        (0..MODULES.len()).for_each(|m| project.write(&format!("{}.py", MODULES[m]), dress(self.module(m))));
        let mut library = project.library(&[]);
        let script = |i| Utf8PathBuf::from(format!("{}.py", MODULES[Self::home(i)]));
        (0..self.constants.len())
            .map(|i| library.reach(&script(i), &format!("f{i}")).unwrap().digest)
            .collect()
    }
}

/// The same code, formatted differently: comments, blank lines, docstrings, deeper indentation.
fn dressed(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    for (i, line) in text.lines().enumerate() {
        let choice = choices[i % choices.len()];
        match choice % 5 {
            0 => out.push_str("\n# a remark: def f(): return 1\n"),
            1 => out.push_str("\n\n"),
            2 => out.push_str("            # indented remark\n"),
            _ => {}
        }
        let inner = line.trim_start();
        if inner.len() < line.len() {
            out.push_str("       ");
        }
        out.push_str(inner);
        if choice & 8 != 0 {
            out.push_str("  # tail");
        }
        out.push('\n');
        if inner.starts_with("def ") && choice & 16 != 0 {
            out.push_str("       '''What it does.'''\n");
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_literal_changes_exactly_those_who_reach_it(web in Web::any(), pick in any::<prop::sample::Index>()) {
        let before = web.digests(|text| text);
        let mut edited = web.clone();
        let at = pick.index(web.constants.len());
        edited.constants[at] = edited.constants[at].wrapping_add(1);
        let after = edited.digests(|text| text);
        for i in 0..before.len() {
            prop_assert_eq!(before[i] != after[i], web.reached(i).contains(&at), "f{} and C{}", i, at);
        }
    }

    #[test]
    fn dress_does_not_count(web in Web::any(), choices in prop::collection::vec(any::<u8>(), 1..40)) {
        prop_assert_eq!(web.digests(|text| text), web.digests(|text| dressed(&text, &choices)));
    }

    #[test]
    fn any_text_is_survived(text in "[ a-c\n\t(){}\\[\\]:=.,'\"#@*\\\\]{0,80}|(def|class|if|import|from|f'|lambda|\n|  |x|:|\\(|\\)| ){0,40}") {
        let project = Project::new(&[("main.py", &text)]);
        let _ = project.library(&[]).reach("main.py".into(), "f");
    }
}

/// Over every file of the Python standard library: the digests of its functions survive `ast.unparse`. Run by
/// hand: it takes minutes and needs `python3`.
#[test]
#[ignore = "needs python3 and minutes"]
fn the_standard_library_survives_a_round_trip_through_python() {
    const PROGRAM: &str = "import ast, os, pathlib, sys\n\
        out = pathlib.Path(sys.argv[1]); home = pathlib.Path(os.__file__).parent\n\
        for n, p in enumerate(sorted(home.rglob('*.py'))):\n\
        \x20   if 'site-packages' in p.parts: continue\n\
        \x20   try:\n\
        \x20       text = p.read_bytes().decode('utf-8'); tree = ast.parse(text)\n\
        \x20       again = ast.unparse(tree)\n\
        \x20   except Exception: continue\n\
        \x20   for side, t in (('a', text), ('b', again)):\n\
        \x20       q = out / side / f'm{n}.py'; q.parent.mkdir(exist_ok=True); q.write_text(t, encoding='utf-8')\n\
        \x20   (out / 'names').open('a').write(f'{n} {p.relative_to(home)}\\n')\n";
    let project = Project::new(&[]);
    let status =
        std::process::Command::new("python3").args(["-c", PROGRAM, project.root().as_str()]).status();
    assert!(status.unwrap().success());
    let (mut files, mut units, mut wrong) = (0, 0, Vec::new());
    for line in std::fs::read_to_string(project.root().join("names")).unwrap().lines() {
        let (number, name) = line.split_once(' ').unwrap();
        let outline = |side: &str| {
            let path = Utf8PathBuf::from(format!("{side}/m{number}.py"));
            let mut library = project.library(&[]);
            library.module(&path).map(|id| library.modules[id].clone())
        };
        let (Ok(a), Ok(b)) = (outline("a"), outline("b")) else {
            wrong.push(format!("{name}: {:?}", outline("a").err().or(outline("b").err()).map(|e| e.labels)));
            continue;
        };
        files += 1;
        units += a.units.len();
        let different = a.units.iter().zip(&b.units).find(|(a, b)| a.digests[0] != b.digests[0]);
        if let Some((unit, _)) = different {
            wrong.push(format!("{name}: `{}`", unit.name));
        } else if a.units.len() != b.units.len() || a.whole[0] != b.whole[0] {
            wrong.push(format!("{name}: as a whole"));
        }
    }
    println!("{files} files, {units} units, {} differ", wrong.len());
    wrong.iter().for_each(|line| println!("  {line}"));
    assert!(files > 100 && wrong.len() * 100 < files);
}
