//! Awkward texts in every place that a user can write one: each is built, then there is nothing to do, and the same
//! again after an edit; or the compiler refuses it and writes no file. None breaks a generated file.

use std::path::PathBuf;

use crate::space::{Ran, Space};

const TEXTS: [&str; 22] = [
    "two words",
    "it's",
    "a\"b",
    "$HOME",
    "a:b",
    "a#b",
    "50%",
    "a\\",
    "a|b",
    "a;b",
    "a=b~c",
    "x(1)*?[2]",
    "größe 数",
    "-a",
    ".a",
    "a+b,c@1",
    "a,20b@p1",
    "a\tb",
    "a\nbuild x: phony",
    "end ",
    "R&D&",
    "define",
];

/// Where a text is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Process,
    Output,
    Data,
    File,
    Prefix,
    BuildFolder,
    GeneratedFile,
    ProjectFolder,
}

const PLACES: [Place; 8] = [
    Place::Process,
    Place::Output,
    Place::Data,
    Place::File,
    Place::Prefix,
    Place::BuildFolder,
    Place::GeneratedFile,
    Place::ProjectFolder,
];

/// A project with a text in some places.
struct Project {
    space: Space,
    folder: PathBuf,
    data: String,
    flags: Vec<String>,
    file: String,
}

impl Project {
    fn new(tool: &str, text: &str, places: &[Place]) -> Self {
        let at =
            |place, usual: &str| if places.contains(&place) { text.to_owned() } else { usual.to_owned() };
        let quoted = |text: &str| format!("{text:?}").replace("\\'", "'");
        let inner = at(Place::ProjectFolder, "project");
        let data = format!("data/{}", at(Place::Data, "data.csv"));
        let file = format!("files/{}", at(Place::File, "file"));
        let process = quoted(&at(Place::Process, "copy"));
        let output = quoted(&at(Place::Output, "r.txt"));
        let space = Space::new();
        space.write(&format!("{inner}/{data}"), "1\n");
        space.write(&format!("{inner}/{file}"), "0\n");
        space.write(
            &format!("{inner}/expops.yaml"),
            format!(
                "data: {{path: {}}}\npipeline:\n  process_adjlist: {{take: [{process}]}}\n  processes:\n    - {{name: take, command: 'find data files -type f -exec cat {{}} + > {{{{ outputs.o }}}}', outputs: {{o: o}}, files: [{}]}}\n    - {{name: {process}, command: 'cat {{{{ inputs.o }}}} > {{{{ outputs.r }}}}', outputs: {{r: {output}}}}}\n",
                quoted(&data),
                quoted(&file),
            ),
        );
        let mut flags = vec!["compile".to_owned(), format!("--format={tool}")];
        if places.contains(&Place::Prefix) {
            flags.push(format!("--prefix={text}"));
        }
        if places.contains(&Place::BuildFolder) {
            flags.push(format!("--build-dir={text}"));
        }
        let usual = if tool == "make" { "Makefile" } else { "build.file" };
        let file = at(Place::GeneratedFile, usual);
        flags.push(format!("--output={file}"));
        Self { folder: space.path(&inner), data: format!("{inner}/{data}"), space, flags, file }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        self.space.command(program).args(arguments).current_dir(&self.folder).output().unwrap().into()
    }

    /// Whether it compiles. If not, the error says what it is about, and nothing is written.
    fn compiles(&self) -> bool {
        let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
        let ran = self.run(env!("CARGO_BIN_EXE_expops"), &flags);
        if ran.status == 0 {
            return true;
        }
        assert!(ran.says("error") && !ran.says("panicked"), "{:?}: {}", self.flags, ran.err);
        assert!(!self.folder.join(&self.file).exists(), "{:?}: {}", self.flags, ran.err);
        false
    }

    fn build(&self, tool: &str) -> Ran {
        let file = if self.file.starts_with('-') { format!("./{}", self.file) } else { self.file.clone() };
        match tool {
            "sh" => self.run("sh", &[&file]),
            tool => self.run(tool, &["-f", &file]),
        }
    }

    fn has_nothing_to_do(&self, tool: &str) -> bool {
        let ran = self.build(tool);
        tool == "sh" || ran.says("no work to do") || ran.says("Nothing to be done")
    }

    /// Whether a file of an instance has this content.
    fn made(&self, content: &str) -> bool {
        let entries = walkdir::WalkDir::new(&self.folder).into_iter().flatten();
        let outputs = entries.filter(|entry| {
            let parts: Vec<_> = entry.path().components().map(|part| part.as_os_str().to_owned()).collect();
            parts.iter().any(|part| part == "out") && entry.file_type().is_file()
        });
        outputs.filter(|entry| std::fs::read(entry.path()).is_ok_and(|is| is == content.as_bytes())).count()
            >= 2
    }
}

/// Goes through the table for a tool: every place alone is compiled, and what is accepted is built together.
fn table(tool: &str) {
    // All of it takes minutes; each third text is another one for each tool.
    let all = std::env::var_os("EXPOPS_TEST_FULL").is_some();
    let texts = TEXTS.into_iter().enumerate().filter(|(i, _)| all || ["ninja", "make", "sh"][i % 3] == tool);
    for (_, text) in texts {
        let accepted: Vec<_> =
            PLACES.into_iter().filter(|place| Project::new(tool, text, &[*place]).compiles()).collect();
        assert!(accepted.contains(&Place::Process) || text.contains(['\t', '\n']), "{tool} {text:?}");
        // The generated file and the build folder cannot have the same name.
        let (file, others): (Vec<_>, Vec<_>) =
            accepted.into_iter().partition(|place| *place == Place::GeneratedFile);
        for places in [file, others] {
            if !places.is_empty() {
                is_built(tool, text, &places);
            }
        }
    }
}

fn is_built(tool: &str, text: &str, places: &[Place]) {
    let project = Project::new(tool, text, places);
    assert!(project.compiles(), "{tool} {text:?} {places:?}");
    for content in ["1\n", "2\n"] {
        project.space.write(&project.data, content);
        let ran = project.build(tool);
        assert_eq!(ran.status, 0, "{tool} {text:?} {places:?}: {}{}", ran.out, ran.err);
        assert!(project.made(&format!("{content}0\n")), "{tool} {text:?} {places:?}: {}{}", ran.out, ran.err);
        assert!(project.has_nothing_to_do(tool), "{tool} {text:?} {places:?}: {}", project.build(tool).out);
    }
}

#[test]
fn under_ninja() {
    table("ninja");
}

#[test]
fn under_make() {
    table("make");
}

#[test]
fn in_a_script() {
    table("sh");
}
