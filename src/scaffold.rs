//! The files of a new project. Does not know where they are written.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, context};

/// What a new project starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// Functions of the standard library.
    Basic,
    /// pandas and scikit-learn in an environment of their own.
    Sklearn,
    /// Shell commands.
    Shell,
    /// One process.
    Empty,
}

/// The fields in which a value is missing.
pub(crate) const MISSING: [&str; 2] = ["", "NA"];

/// The data table of a project.
pub(crate) struct Table {
    /// The name of its file in `data/`: letters, digits, `.`, `_`, `-`.
    pub(crate) file: String,
    /// Separates its fields.
    pub(crate) delimiter: char,
    /// Whether it begins with a byte order mark.
    pub(crate) is_marked: bool,
    /// Whether its numbers have decimal commas.
    pub(crate) has_commas: bool,
    /// The column that the example uses.
    pub(crate) column: String,
    /// Its content.
    pub(crate) content: Vec<u8>,
}

impl Table {
    /// A small table to start with.
    pub(crate) fn plants() -> Self {
        let content = include_bytes!("../templates/new/plants.csv").to_vec();
        let (file, column) = ("plants.csv".to_owned(), "height_cm".to_owned());
        Self { file, delimiter: ',', is_marked: false, has_commas: false, column, content }
    }
}

macro_rules! files {
    ($($path:literal: $name:literal),*) => {
        &[$(($path, include_str!(concat!("../templates/new/", $name)))),*]
    };
}

impl Template {
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Basic => files![
                "expops.yaml": "basic/expops.yaml.j2",
                "steps.py": "basic/steps.py.j2",
                "test_steps.py": "basic/test_steps.py",
                "pyproject.toml": "project.toml",
                ".gitignore": "gitignore"
            ],
            Self::Sklearn => files![
                "expops.yaml": "sklearn/expops.yaml.j2",
                "requirements.txt": "sklearn/requirements.txt",
                "steps.py": "sklearn/steps.py.j2",
                "test_steps.py": "sklearn/test_steps.py",
                "pyproject.toml": "project.toml",
                ".gitignore": "gitignore"
            ],
            Self::Shell => files!["expops.yaml": "shell/expops.yaml.j2", ".gitignore": "gitignore"],
            Self::Empty => files![
                "expops.yaml": "empty/expops.yaml.j2",
                "steps.py": "empty/steps.py",
                "pyproject.toml": "project.toml",
                ".gitignore": "gitignore"
            ],
        }
    }

    /// Whether the template works on a table.
    pub(crate) fn has_data(self) -> bool {
        self != Self::Empty
    }

    /// Whether the example needs a numeric column.
    pub(crate) fn needs_numbers(self) -> bool {
        matches!(self, Self::Basic | Self::Sklearn)
    }
}

/// The files of a new project: paths in its folder, and contents.
pub(crate) fn files(template: Template, name: &str, table: &Table) -> Vec<(String, Vec<u8>)> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.add_filter("yaml", yaml);
    let data = format!("data/{}", table.file);
    let delimiter = table.delimiter.to_string();
    let (is_marked, has_commas) = (table.is_marked, table.has_commas);
    let context = context! { name, data => &data, column => &table.column, delimiter, is_marked, has_commas };
    let render = |text: &str| environment.render_str(text, &context).expect("the templates are tested");
    let mut files: Vec<_> =
        template.files().iter().map(|(path, text)| ((*path).to_owned(), render(text).into_bytes())).collect();
    if template.has_data() {
        files.push((data, table.content.clone()));
    }
    files
}

/// A text in YAML: in JSON's quotes, which YAML has too, unless it cannot be taken for anything but a text.
fn yaml(text: &str) -> Value {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if word && !reserved.contains(&text.to_ascii_lowercase().as_str()) {
        return Value::from(text);
    }
    Value::from(serde_json::Value::from(text).to_string())
}
