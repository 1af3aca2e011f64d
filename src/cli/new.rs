//! `expops new`: writes a small project that runs.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::ended::Ended;
use super::say;
use crate::diagnostic::{list, plural};
use crate::driver;
use crate::scaffold::{self, Table, Template};
use crate::split;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops new plants                        a project with a small table, in the folder `plants`
  expops new trial --from results.csv      the same about a table of your own
  expops new model --template sklearn      with pandas and scikit-learn")]
pub(super) struct Flags {
    /// The folder to make; its last part is the project's name
    folder: Utf8PathBuf,
    /// What to begin with
    #[arg(long, value_enum, default_value_t = Kind::Basic)]
    template: Kind,
    /// A CSV file to copy into the project: the example then works on it
    #[arg(long, value_name = "DATA.csv")]
    from: Option<Utf8PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Functions of Python's standard library
    Basic,
    /// pandas and scikit-learn, in an environment of their own
    Sklearn,
    /// Shell commands
    Shell,
    /// One process
    Empty,
}

pub(super) fn run(flags: &Flags) -> Ended {
    match write(flags) {
        Ok(said) => {
            println!("{said}");
            Ended::Well
        }
        Err(message) => {
            say::error(&message);
            Ended::Wrong
        }
    }
}

fn write(flags: &Flags) -> Result<String, String> {
    let template = match flags.template {
        Kind::Basic => Template::Basic,
        Kind::Sklearn => Template::Sklearn,
        Kind::Shell => Template::Shell,
        Kind::Empty => Template::Empty,
    };
    let folder = &flags.folder;
    let name =
        folder.file_name().ok_or_else(|| format!("`{folder}` has no name: say what to call the project"))?;
    let table = match &flags.from {
        Some(_) if !template.has_data() => {
            return Err("the template `empty` has no data: leave out `--from`, or choose another".to_owned());
        }
        Some(path) => table(path, template)?,
        None => Table::plants(),
    };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(format!("`{folder}` is there already: choose another name"));
    }
    let mut files = scaffold::files(template, name, &table);
    files.push(("expops.schema.json".to_owned(), format!("{:#}\n", driver::schema()).into_bytes()));
    for (path, content) in &files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(Utf8Path::new("."));
        fs::create_dir_all(parent).map_err(|error| format!("cannot make `{parent}`: {error}"))?;
        fs::write(&path, content).map_err(|error| format!("cannot write `{path}`: {error}"))?;
    }
    Ok(format!("made {folder}: look at expops.yaml, then\n    cd {folder}\n    expops run"))
}

/// The table at `path`: a name for its copy, its delimiter, and the column that the example uses.
fn table(path: &Utf8Path, template: Template) -> Result<Table, String> {
    let content = fs::read(path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    if let Some(like) = split::unlike_csv(&content[..content.len().min(1 << 12)]) {
        return Err(format!("`{path}` is not a CSV file: it looks like {like}"));
    }
    let delimiter = delimiter(&content);
    let marked = content.strip_prefix(b"\xEF\xBB\xBF");
    let is_marked = marked.is_some();
    let Columns { names, has_commas, found, nearly } = columns(marked.unwrap_or(&content), delimiter)
        .map_err(|error| format!("`{path}` is not a CSV file: {}", flaw(&error)))?;
    if found.is_none() && template.needs_numbers() {
        let names = list(&names);
        let nearly = nearly.unwrap_or_default();
        return Err(format!(
            "none of the columns of `{path}` is a number in every row ({names}){nearly}: take `--template shell` or \
             `empty`"
        ));
    }
    let column = names.get(found.unwrap_or(0)).unwrap_or_default().to_owned();
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let file: String = path.file_name().unwrap_or("data.csv").chars().map(safe).collect();
    let file = file.trim_start_matches(['-', '.']).to_owned();
    Ok(Table { file, delimiter: delimiter.into(), is_marked, has_commas, column, content })
}

/// What the columns of a table hold.
struct Columns {
    names: csv::StringRecord,
    /// Whether numbers have decimal commas.
    has_commas: bool,
    /// The last column that holds numbers, and only these.
    found: Option<usize>,
    /// If there is none, what a column of numbers holds besides.
    nearly: Option<String>,
}

/// How many fields of a column are numbers, and the first that is not, with its line.
#[derive(Clone, Default)]
struct Numbers {
    count: usize,
    other: Option<(u64, String)>,
}

fn columns(text: &[u8], delimiter: u8) -> csv::Result<Columns> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text);
    let names = reader.headers()?.clone();
    let mut readings = [false, true].map(|has_commas| (has_commas, vec![Numbers::default(); names.len()]));
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(1, csv::Position::line);
        for (i, field) in row.iter().enumerate().filter(|(_, field)| !scaffold::MISSING.contains(field)) {
            for (has_commas, columns) in &mut readings {
                if is_number(field, *has_commas) {
                    columns[i].count += 1;
                } else if columns[i].other.is_none() {
                    columns[i].other = Some((line, field.to_owned()));
                }
            }
        }
    }
    let is_numeric = |column: &Numbers| column.count > 0 && column.other.is_none();
    let numeric = |columns: &[Numbers]| columns.iter().filter(|column| is_numeric(column)).count();
    let [points, commas] = readings;
    let (has_commas, numbers) = if numeric(&commas.1) > numeric(&points.1) { commas } else { points };
    // pandas renames a column without a name, and the second one of a name.
    let is_clear = |name: &str| !name.is_empty() && names.iter().filter(|other| *other == name).count() == 1;
    let found = (0..names.len()).rev().find(|i| is_numeric(&numbers[*i]) && is_clear(&names[*i]));
    let most = (0..names.len()).filter(|i| numbers[*i].count > 0).max_by_key(|i| numbers[*i].count);
    let nearly = most.and_then(|i| {
        let (line, other) = numbers[i].other.as_ref()?;
        Some(format!("; `{}` has `{other}` in line {line}", &names[i]))
    });
    Ok(Columns { names, has_commas, found, nearly })
}

/// Whether Python takes a field for a number, once its comma, if that may be one of decimals, is a point.
fn is_number(field: &str, has_commas: bool) -> bool {
    let field = field.trim();
    if has_commas {
        return !field.contains('.') && field.replace(',', ".").parse::<f64>().is_ok();
    }
    field.parse::<f64>().is_ok()
}

/// What is wrong in a CSV file, and in which line.
fn flaw(error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => {
            format!("line {line} is not in UTF-8; convert it, as in `iconv -f LATIN1 -t UTF-8`")
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line} has {}, and the first one {expected_len}", plural(*len as usize, "field"))
        }
        _ => error.to_string(),
    }
}

/// Among the usual delimiters, the one that occurs most often in the first line.
fn delimiter(content: &[u8]) -> u8 {
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // Of equal counts the last wins, so a line without any of them gets a comma.
    *[b'|', b'\t', b';', b','].iter().max_by_key(|delimiter| count(delimiter)).unwrap_or(&b',')
}
