//! `expops split`, which is also the program `expops-split`: flags to a [`Request`], partitions to lines or JSON.

mod flags;
mod layouts;
mod meter;

use std::collections::HashSet;
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser;
use serde_json::json;
use walkdir::WalkDir;

use crate::file::Written;
use crate::output;
use crate::split::{
    By, Compression, Dialect, Each, Format, Input, Kind, Layout, Partition, Pattern, Request, Size,
    SplitError, format_of, run, run_by_value,
};
use flags::{Quote, bytes, comment, delimiter, quote};
use layouts::{ByValue, Flat};
use meter::Meter;

/// Cut a file into partitions, exactly between rows, and stamp each with its hash
///
/// Writes p1.csv, p2.csv, … and the stamps p1.stamp, p2.stamp, … to the folder that --out names. No
/// row is altered. A partition whose hash has not changed is not written again.
#[derive(Debug, Parser)]
#[command(name = "expops-split", version, after_help = EXAMPLES, after_long_help = LONG_EXAMPLES)]
pub struct Command {
    /// The file to split; `-` for standard input
    pub file: Utf8PathBuf,

    /// `3` (equal partitions), `50,20,20` (row counts) or `60%,20%,rest` (shares)
    #[arg(short, long, value_name = "SIZE", required_unless_present_any = ["rows", "max_bytes", "by_value"])]
    pub size: Option<Size>,

    /// How many rows each partition has; the last has what is left. With strategies that go by values, the average
    #[arg(long, value_name = "N", conflicts_with = "size", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: Option<u64>,

    /// How long the file of a partition may be: `100MB` (text formats and npy, with `--by rows`)
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["size", "rows"], value_parser = bytes)]
    pub max_bytes: Option<u64>,

    /// The folder for the partitions and their stamps
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Utf8PathBuf,

    /// Which row goes where: `rows` (in their order), `round_robin`, `hash` (of the row), `hash:COLUMN`,
    /// `group:COLUMN`, `stratify:COLUMN`, `shuffle:SEED`, `shuffle:SEED,group:COLUMN`, `range:COLUMN`
    ///
    /// Several columns are separated by commas, a name that has one stands in double quotes (`--by 'hash:id,"last, first"'`). With `group` equal values stay together, with `stratify` every
    /// partition has its share of each value, with `range` values are cut in their order.
    #[arg(long, value_name = "STRATEGY", default_value = "rows")]
    pub by: By,

    /// One file for each value of this column, instead of a number of partitions
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["size", "rows", "max_bytes", "by"])]
    pub by_value: Option<String>,

    /// The names of the files for each value: `{value}.csv`, `country={value}/data.csv`
    ///
    /// What cannot stand in a name is written as `%` and two digits; what is missing is called `(missing)`.
    #[arg(long, value_name = "PATTERN", requires = "by_value")]
    pub name: Option<Pattern>,

    /// The most files that --by-value may make
    #[arg(long, value_name = "N", requires = "by_value", default_value_t = 1000)]
    pub most: usize,

    /// The format: csv, tsv, jsonl, lines, json, npy, arrow, arrows, parquet; `csv.gz` and the like
    ///
    /// Needed only where neither the name nor the first bytes tell it, also of standard input.
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// The character between the fields of a CSV file
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<u8>,

    /// What stands around fields of a CSV file that hold a delimiter: a character, or `none`
    #[arg(long, value_name = "CHARACTER", value_parser = quote)]
    pub quote: Option<Quote>,

    /// The character that begins a line of a CSV file that is a comment
    #[arg(long, value_name = "CHARACTER", value_parser = comment)]
    pub comment: Option<u8>,

    /// The first row of a CSV file is data; columns are then called 1, 2, …
    #[arg(long)]
    pub no_header: bool,

    /// How many lines of a CSV file stand before everything else; they are repeated in each partition
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub skip_lines: u64,

    /// Pack the partitions of a text format: `gz` or `zst`
    ///
    /// The hash is that of the partition before it is packed.
    #[arg(long, value_name = "FORMAT")]
    pub compress: Option<Compression>,

    /// The key that the stamps name
    #[arg(long, value_name = "KEY", default_value = "data")]
    pub key: String,

    /// How many threads to use; one per core if not given
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub threads: usize,

    /// How much memory the columns of Arrow and Parquet files may take: `500MB`, `4GB`; 1 GB if not given
    ///
    /// A row is held as a whole, dictionaries of Arrow and Parquet are, and so is a page of Parquet: where one of them is
    /// too heavy the error says so. Keys and sorted values may take half.
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "1GB", hide_default_value = true)]
    pub memory: u64,

    /// Print one JSON object: format, rows, partitions
    #[arg(long)]
    pub json: bool,

    /// Print nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

const EXAMPLES: &str = "Example: expops-split data.csv --size 3 --out parts/";

const LONG_EXAMPLES: &str = "\
Examples:
  expops-split data.csv --size 3 --out parts/
  expops-split data.csv --size 50,20,20 --out parts/ --json
  expops-split events.jsonl.gz --size 60%,20%,rest --out parts/
  expops-split sales.csv --by-value country --name '{value}.csv' --out parts/
  psql -c 'copy t to stdout csv header' | expops-split - --format csv --size 8 --out parts/

Stamps:
  A stamp is one line, `sha256:HEX rows=N key=KEY`. For text formats the hash is that of the partition's
  file, so that `sha256sum parts/p1.csv` confirms it. What lies in `.expops-split` beside them makes the next
  split of a changed text file faster; without it, nothing is lost but time.

Exit status:
  0 if all partitions are in place; 1 if the data or the disk is at fault; 2 for wrong usage. After an
  error every earlier partition and stamp are as they were.";

/// What a split has made.
struct Outcome {
    format: Format,
    partitions: Vec<Partition>,
    /// The values that the partitions have, if they go by them.
    values: Option<Vec<Vec<u8>>>,
}

impl Command {
    /// Splits, and prints what was done to standard output or what is wrong to standard error. Returns the exit
    /// status.
    pub fn execute(&self) -> u8 {
        match self.split() {
            Ok(done) => self.print(&done),
            Err(error) => {
                eprintln!("error: {error}");
                if let Some(help) = error.help() {
                    eprintln!("help: {help}");
                }
                error.status()
            }
        }
    }

    fn split(&self) -> Result<Outcome, SplitError> {
        let source = if self.file == "-" { Input::stdin()? } else { Input::Path(self.file.clone()) };
        let format = self.in_dialect(format_of(&source, self.format)?)?;
        let extension = match self.compress {
            Some(packed) => format!("{}.{}", format.extension(), packed.extension()),
            None => format.extension().to_owned(),
        };
        let layout = Flat {
            folder: self.out.clone(),
            source: (self.file != "-").then(|| self.file.clone()),
            extension,
        };
        let meter = Meter::new(!self.quiet && !self.json);
        let by = self.by_value.clone().map_or_else(|| self.by.clone(), By::Value);
        let request = Request {
            source,
            format: (self.format.is_some() || self.has_dialect()).then_some(format),
            size: self.size.as_ref().unwrap_or(&Size::Equal(1)),
            each: self.rows.map(Each::Rows).or(self.max_bytes.map(Each::Bytes)),
            by: &by,
            layout: &layout,
            key: &self.key,
            extra: &[],
            compress: self.compress,
            threads: self.threads,
            chunk: 0,
            memory: self.memory,
            progress: Some(&|step| meter.show(step)),
        };
        if self.by_value.is_some() {
            let done = self.split_by_value(&request, format, &layout);
            meter.clear();
            return done;
        }
        let partitions = run(&request);
        meter.clear();
        let partitions = partitions?;
        if !self.quiet && layout.stamp(partitions.len() as u64 + 1).exists() {
            let next = layout.data(partitions.len() as u64 + 1);
            eprintln!("note: `{next}` and what follows it are left from an earlier split");
        }
        Ok(Outcome { format, partitions, values: None })
    }

    fn split_by_value(&self, request: &Request, format: Format, flat: &Flat) -> Result<Outcome, SplitError> {
        let usual = || format!("{{value}}.{}", flat.extension).parse();
        let pattern = self.name.clone().map_or_else(usual, Ok);
        let pattern: Pattern = pattern.map_err(|message| SplitError::Usage { message, help: None })?;
        if let Some(packing) = pattern.packing().filter(|packing| self.compress != Some(*packing)) {
            let message =
                format!("the names `{pattern}` are those of files in {packing}, which these are not");
            let help = format!("add `--compress {}`, or give another `--name`", packing.extension());
            return Err(SplitError::Usage { message, help: Some(help) });
        }
        let mut found = Vec::new();
        let layout = |values: &[Vec<u8>]| -> Result<Box<dyn Layout>, SplitError> {
            found = values.to_vec();
            let names = pattern.names(values)?;
            Ok(Box::new(ByValue { folder: flat.folder.clone(), source: flat.source.clone(), names }))
        };
        let partitions = run_by_value(request, self.most, layout)?;
        if !self.quiet {
            self.say_left(&partitions, pattern.depth());
        }
        Ok(Outcome { format, partitions, values: Some(found) })
    }

    /// Says which files of an earlier split have a value that is no more.
    fn say_left(&self, partitions: &[Partition], depth: usize) {
        let made: HashSet<String> = partitions.iter().map(|part| format!("{}.stamp", part.path)).collect();
        let left = WalkDir::new(&self.out).min_depth(depth).max_depth(depth).sort_by_file_name();
        let left = left.into_iter().filter_map(Result::ok).filter_map(|entry| {
            let stamp =
                entry.path().to_str().filter(|path| path.ends_with(".stamp") && !made.contains(*path))?;
            stamp.strip_suffix(".stamp").map(str::to_owned).filter(|data| Utf8Path::new(data).exists())
        });
        for data in left.take(20) {
            eprintln!("note: `{data}` is left from an earlier split: no row has its value");
        }
    }

    fn has_dialect(&self) -> bool {
        self.delimiter.is_some()
            || self.quote.is_some()
            || self.comment.is_some()
            || self.no_header
            || self.skip_lines > 0
    }

    fn in_dialect(&self, format: Format) -> Result<Format, SplitError> {
        let Kind::Csv(plain) = format.rows else {
            if !self.has_dialect() {
                return Ok(format);
            }
            let message = format!(
                "`--delimiter`, `--quote`, `--comment`, `--no-header` and `--skip-lines` are for CSV, but the file is {}",
                format.rows
            );
            return Err(SplitError::Usage { message, help: None });
        };
        let dialect = Dialect {
            delimiter: self.delimiter.unwrap_or(plain.delimiter),
            is_chosen: self.delimiter.is_some() || self.format.is_some(),
            quote: self.quote.map_or(plain.quote, |quote| quote.0),
            comment: self.comment,
            header: !self.no_header,
            skip: self.skip_lines,
        };
        let marks = [Some(dialect.delimiter), dialect.quote, dialect.comment];
        if (0..3).any(|i| marks[i].is_some() && marks[i + 1..].contains(&marks[i])) {
            let message = "the delimiter, the quote and the mark of comments must be different characters";
            return Err(SplitError::Usage { message: message.to_owned(), help: None });
        }
        Ok(Format { rows: Kind::Csv(dialect), ..format })
    }

    fn print(&self, done: &Outcome) -> u8 {
        let mut text = String::new();
        if self.json {
            text = format!("{:#}\n", report(done));
        } else if !self.quiet {
            for Partition { rows, digest, path, written, .. } in &done.partitions {
                let written = if *written == Written::Changed { "written" } else { "unchanged" };
                text += &format!("{path}  rows={rows}  sha256:{digest}  {written}\n");
            }
        }
        output::status(std::io::stdout().write_all(text.as_bytes()))
    }
}

fn report(done: &Outcome) -> serde_json::Value {
    let one = |(i, part): (usize, &Partition)| {
        let mut one = json!({
            "partition": i + 1,
            "path": part.path,
            "rows": part.rows,
            "bytes": part.bytes,
            "sha256": part.digest,
            "written": part.written == Written::Changed,
        });
        if let Some(values) = &done.values {
            one["value"] = String::from_utf8_lossy(&values[i]).into();
        }
        one
    };
    json!({
        "format": done.format.to_string(),
        "rows": done.partitions.iter().map(|part| part.rows).sum::<u64>(),
        "partitions": done.partitions.iter().enumerate().map(one).collect::<Vec<_>>(),
    })
}
