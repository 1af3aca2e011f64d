//! The compiler as a library: it reads and writes where the project is, and leaves the working folder alone.

use camino::Utf8PathBuf;
use expops::driver::{Diagnostics, Format, Options, compile};

use crate::space::Space;

/// A project that makes the compiler read all that it can read: modules, a declared folder, requirement
/// files that name others, an interpreter by its path.
fn project() -> Space {
    let space = Space::copy_of("tests/emit/layers");
    space.write("src/helper.py", "X = 1\n");
    space.edit("src/model.py", "from expops.core", "import helper\nfrom expops.core");
    space.write("images/a/1.txt", "1\n");
    space.write("requirements.txt", "-r more/base.txt\n");
    space.write("more/base.txt", "# nothing\n");
    space.write(
        "more.yaml",
        "
metadata: {name: more}
scripts: {main: src/model.py}
environment: {env: {venv: [requirements.txt]}}
process_adjlist: |
  look show
processes:
  - {name: look, environment: env, command: 'ls images > {{ outputs.o }}', files: [images/], outputs: {o: o}}
  - {name: show, command: 'cat {{ inputs.o }} > {{ outputs.p }}', outputs: {p: p}}
",
    );
    space.run("python3", &["-m", "venv", "--without-pip", "--symlinks", "own"]).success();
    space
}

fn folder(space: &Space) -> Utf8PathBuf {
    Utf8PathBuf::try_from(space.path("")).unwrap()
}

/// Every file of the project that the compiler wrote.
fn written(space: &Space) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = space.tree("build").into_iter().collect();
    for name in ["build.ninja", "more.ninja", "Makefile", "more.mk"] {
        all.push((name.to_owned(), space.read(name).into_bytes()));
    }
    all
}

#[test]
fn it_writes_what_the_program_writes_from_any_folder() {
    const FILES: [(&str, Format, &str); 4] = [
        ("expops.yaml", Format::Ninja, "build.ninja"),
        ("expops.yaml", Format::Make, "Makefile"),
        ("more.yaml", Format::Ninja, "more.ninja"),
        ("more.yaml", Format::Make, "more.mk"),
    ];
    let by_program = project();
    let python = "own/bin/python";
    for (file, format, output) in FILES {
        let format = if format == Format::Ninja { "ninja" } else { "make" };
        let flags =
            ["compile", file, "--format", format, "-o", output, "--python", python, "--build-dir", "build"];
        by_program.expops(&flags).success();
    }
    let here = std::env::current_dir().unwrap();
    let by_library = [project(), project()];
    std::thread::scope(|scope| {
        for space in &by_library {
            scope.spawn(move || {
                for (file, format, output) in FILES {
                    let options = Options {
                        project: folder(space).join(file),
                        format,
                        output: Some(folder(space).join(output)),
                        python: python.to_owned(),
                        ..Options::default()
                    };
                    let mut sink = Diagnostics::new();
                    let compiled = compile(&options, &mut sink).unwrap_or_else(|_| panic!("{sink:?}"));
                    compiled.write().unwrap();
                }
            });
        }
    });
    assert_eq!(std::env::current_dir().unwrap(), here);
    let expected = written(&by_program);
    assert!(expected.iter().any(|(name, _)| name == ".expops/interpreter"));
    for space in &by_library {
        assert_eq!(names(&written(space)), names(&expected));
        for ((name, content), (_, wanted)) in written(space).iter().zip(&expected) {
            // It names the program that wrote it.
            if name != ".expops/program" {
                assert_eq!(String::from_utf8_lossy(content), String::from_utf8_lossy(wanted), "{name}");
            }
        }
    }
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}
