//! What the Python scripts that commands start import, and nobody has.

use camino::Utf8Path;

use super::project::Project;
use super::sources::is_promised;
use crate::pipeline::{Pipeline, Work};
use crate::script::{Foreign, Library};

/// What decides where modules are found, beside the script's own folder.
const STEERING: [&str; 6] = ["PYTHONPATH", "PATH=", "activate", "cd ", "pushd ", "chdir"];

/// The imports that no module of the project satisfies, in the scripts that commands hand to `python`. What an
/// environment has is known once it has been made.
pub(super) fn absent(pipeline: &Pipeline, project: &Project, python: &str) -> Vec<Foreign> {
    let mut library = Library::new(&project.folder, Vec::new());
    let mut absent = Vec::new();
    for process in pipeline.processes.iter().filter(|process| process.environment.is_none()) {
        let Work::Shell(shell) = &process.work else { continue };
        for script in scripts(&shell.command, python) {
            // What is wrong with it, Python says.
            if let Ok(reach) = library.code(Utf8Path::new(script), "__main__") {
                absent.extend(reach.foreign.into_iter().filter(|import| !is_promised(import, pipeline)));
            }
        }
    }
    absent
}

/// The scripts that a command starts by `python`, or the `python` that is always there.
fn scripts<'c>(command: &'c str, python: &str) -> Vec<&'c str> {
    if STEERING.iter().any(|word| command.contains(word)) {
        return Vec::new();
    }
    let is_python = |word: &str| word == python || word == "python" && python == crate::defaults::PYTHON;
    let script = |part: &'c str| {
        let mut words = part.split_whitespace();
        let script = words.next().filter(|word| is_python(word)).and_then(|_| words.next())?;
        let script = script.trim_matches(['"', '\'']);
        (script.ends_with(".py") && !script.contains(['{', '$', '*']) && !script.starts_with('-'))
            .then_some(script)
    };
    command.split([';', '&', '|', '(', ')', '\n']).filter_map(script).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_python_surely_starts_is_looked_at() {
        for (command, expected) in [
            ("python3 src/t.py > {{ outputs.x }}", &["src/t.py"][..]),
            ("mkdir a && python a.py | python3 'b.py'", &["a.py", "b.py"]),
            ("PYTHONPATH=x python3 a.py", &[]),
            ("cd src; python3 a.py", &[]),
            ("python3 -m a.py", &[]),
            ("python3 {{ inputs.code }}.py", &[]),
            ("conda run python3 a.py", &[]),
        ] {
            assert_eq!(scripts(command, "python3"), expected, "{command}");
        }
        assert!(scripts("python3 a.py", "/opt/python").is_empty());
    }
}
