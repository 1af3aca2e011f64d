//! What `expops schema` says of a project file in an editor is what the parser says of it, as far as a schema can see.
//! What the parser says of `tests/syntax/err_*.yaml` stands beside them, with its places.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fields::PROJECT;
use crate::space::{Space, has_python, repository};

/// What no schema sees: the file, where the parser says it, and why.
const UNSEEN: [(&str, &str, &str); 14] = [
    ("err_adjacency_folded.yaml", "3:5", "how a text is written is gone when it has been read"),
    (
        "err_empty_pipeline.yaml",
        "2:3",
        "is told at the start of the file: any other place could have the pipeline",
    ),
    ("err_keys.yaml", "13:38", "`<<` is no key"),
    ("err_sections.yaml", "1:12", "`metadata` may hold what it likes, unless it looks misspelt"),
    ("err_sections.yaml", "19:21", "a name that another section has, too"),
    ("err_settings.yaml", "28:27", "the product of a number and a unit"),
    ("err_settings.yaml", "35:47", "the product of a number and a unit"),
    ("err_settings.yaml", "35:62", "the product of a number and a unit"),
    ("err_settings.yaml", "36:33", "the product of a number and a unit"),
    ("err_sizes.yaml", "10:42", "a sum of shares"),
    ("err_sizes.yaml", "11:42", "a sum of shares"),
    ("err_types.yaml", "7:21", "a parameter may be any number"),
    ("err_types.yaml", "7:34", "a parameter may be any number"),
    ("err_many.yaml", "", "after 100 errors, the parser only counts them"),
];
/// The form of YAML is seen before a schema is asked.
const YAML: &str = "E001";

type Place = (u64, u64);

/// The places of one thing that the schema refuses, each from and to, with its message.
struct Refusal {
    says: String,
    places: Vec<(Place, Place)>,
}

impl Refusal {
    fn is_at(&self, place: Place) -> bool {
        self.places.iter().any(|(from, to)| (*from..=*to).contains(&place))
    }

    fn is_in_line(&self, line: u64) -> bool {
        self.places.iter().any(|(from, to)| (from.0..=to.0).contains(&line))
    }
}

/// What the schema refuses in each file.
fn refused(space: &Space, files: &[PathBuf]) -> Vec<Vec<Refusal>> {
    space.write("schema.json", space.expops(&["schema"]).success().out);
    let script = repository().join("tests/schema/validate.py");
    let files = files.iter().map(|file| file.to_str().unwrap());
    let words: Vec<&str> = [script.to_str().unwrap(), "schema.json"].into_iter().chain(files).collect();
    let out = space.run("python3", &words).success().out;
    out.lines().map(refusals).collect()
}

fn refusals(line: &str) -> Vec<Refusal> {
    let found: Option<Vec<(String, Vec<[u64; 4]>)>> = serde_json::from_str(line).unwrap();
    let place = |[a, b, c, d]: [u64; 4]| ((a, b), (c, d));
    let refusal =
        |(says, places): (String, Vec<_>)| Refusal { says, places: places.into_iter().map(place).collect() };
    found.expect("a project file that is no YAML").into_iter().map(refusal).collect()
}

/// The errors of a parser's report: code and place.
fn errors(report: &str) -> Vec<(&str, Place)> {
    let lines: Vec<&str> = report.lines().collect();
    lines.windows(2).filter_map(|pair| Some((code(pair[0])?, place(pair[1])?))).collect()
}

/// Of `error[E001]: …`.
fn code(line: &str) -> Option<&str> {
    line.strip_prefix("error[")?.get(..YAML.len())
}

/// Of ` --> FILE:LINE:COLUMN`.
fn place(line: &str) -> Option<Place> {
    let mut words = line.trim_start().strip_prefix("--> ")?.rsplit(':');
    let column = words.next()?.parse().ok()?;
    Some((words.next()?.parse().ok()?, column))
}

/// Whether an error at `place`, or what the whole file has more than is told, is known not to be seen.
fn is_known(file: &str, place: Option<Place>) -> bool {
    let place = place.map_or_else(String::new, |(line, column)| format!("{line}:{column}"));
    UNSEEN.iter().any(|unseen| unseen.0 == file && unseen.1 == place)
}

fn files_of(folder: &str, is_wanted: fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| is_wanted(&name(path))).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn what_can_be_read_is_valid() {
    if !has_python(&["jsonschema", "yaml"]) {
        return;
    }
    let space = Space::new();
    let mut files = files_of("tests/syntax", |name| name.ends_with(".yaml") && !name.starts_with("err_"));
    for folder in ["examples", "tests/emit", "tests/mistakes"] {
        let below = files_of(folder, |_| true).into_iter();
        let projects = below.flat_map(|path| [path.join("expops.yaml"), path.join("analysis/expops.yaml")]);
        files.extend(projects.filter(|path| path.exists()));
    }
    for template in ["basic", "sklearn", "shell", "empty"] {
        space.expops(&["new", template, "--template", template]).success();
        files.push(space.path(&format!("{template}/expops.yaml")));
    }
    space.write("every_field.yaml", PROJECT);
    files.push(space.path("every_field.yaml"));
    assert!(files.len() > 20, "{files:?}");
    for (file, refused) in files.iter().zip(refused(&space, &files)) {
        let said: Vec<_> = refused.iter().map(|refusal| (&refusal.says, &refusal.places)).collect();
        assert!(said.is_empty(), "{}: {said:?}", file.display());
    }
}

#[test]
fn what_the_parser_refuses_is_refused_in_its_place_and_nothing_else() {
    if !has_python(&["jsonschema", "yaml"]) {
        return;
    }
    let mut files = files_of("tests/syntax", |name| name.starts_with("err_") && name.ends_with(".yaml"));
    let report = |file: &PathBuf| fs::read_to_string(file.with_extension("out")).unwrap();
    files.retain(|file| errors(&report(file)).iter().any(|error| error.0 != YAML));
    assert!(files.len() > 15, "{files:?}");
    let mut wrong = Vec::new();
    for (file, refused) in files.iter().zip(refused(&Space::new(), &files)) {
        let (report, file) = (report(file), name(file));
        let errors = errors(&report);
        for (_, place) in errors.iter().filter(|error| error.0 != YAML) {
            if refused.iter().any(|refusal| refusal.is_at(*place)) == is_known(&file, Some(*place)) {
                wrong.push(format!("{file}:{}:{}: not seen, or listed as not seen", place.0, place.1));
            }
        }
        for refusal in refused.iter().filter(|_| !is_known(&file, None)) {
            let is_told = errors.iter().any(|(_, (line, _))| refusal.is_in_line(*line));
            let is_elsewhere = refusal.is_at((1, 1)) && file == "err_empty_pipeline.yaml";
            if !(is_told || is_elsewhere) {
                wrong.push(format!("{file}: {} at {:?}", refusal.says, refusal.places));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A schema that says no more than that a whole list fits nothing helps nobody.
#[test]
fn what_is_refused_is_pointed_at() {
    if !has_python(&["jsonschema", "yaml"]) {
        return;
    }
    let space = Space::new();
    let project =
        "pipeline:\n  process_adjlist: a b\n  processes:\n    - name: a\n    - {name: b, code: 2nd}\n";
    space.write("expops.yaml", project);
    let refused = refused(&space, &[space.path("expops.yaml")]);
    let said: Vec<_> = refused[0].iter().map(|refusal| refusal.says.as_str()).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("'2nd' does not match") && refused[0][0].is_at((5, 23)), "{said:?}");
}
