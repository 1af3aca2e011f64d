//! expops compiles an experiment pipeline to a Ninja file, a Makefile or a shell script.
//!
//! Each stage is a function from one type to the next:
//!
//! | stage | from | to |
//! | --- | --- | --- |
//! | read, parse | the bytes of a project file | what is written in it, every leaf with its place |
//! | check | that, and the Python scripts | a pipeline: processes, layers, what each process takes |
//! | expand, resolve | a pipeline | its instances, and what each chart plots |
//! | plan | instances | [`driver::Plan`]: which command makes which file from which |
//! | emit | a plan | the text of the generated file, in a [`driver::Format`] |
//! | exec | an instance's name and its plan file | values, a stamp and a record |
//! | split | a data file | partitions, each with a stamp |
//!
//! [`driver`] takes a project through the stages up to the text; [`cli`] is the program around all of it. Two
//! stages know nothing of pipelines and can be used by themselves.
//!
//! # A split
//!
//! ```
//! use camino::Utf8PathBuf;
//! use expops::split::{By, Input, Layout, Request, Size, Stamp, run};
//!
//! struct Parts(Utf8PathBuf);
//!
//! impl Layout for Parts {
//!     fn data(&self, i: u64) -> Utf8PathBuf {
//!         self.0.join(format!("p{i}.csv"))
//!     }
//!
//!     fn stamp(&self, i: u64) -> Utf8PathBuf {
//!         self.0.join(format!("p{i}.stamp"))
//!     }
//! }
//!
//! let folder = tempfile::tempdir()?;
//! let folder = Utf8PathBuf::try_from(folder.path().to_owned())?;
//! std::fs::write(folder.join("rows.csv"), "x,y\n1,2\n3,4\n5,6\n")?;
//!
//! let parts = Parts(folder.join("parts"));
//! let partitions = run(&Request {
//!     source: Input::Path(folder.join("rows.csv")),
//!     format: None,
//!     size: &Size::Equal(2),
//!     each: None,
//!     by: &By::Rows,
//!     layout: &parts,
//!     key: "rows",
//!     extra: &[],
//!     compress: None,
//!     threads: 0,
//!     chunk: 0,
//!     memory: 0,
//!     progress: None,
//! })?;
//!
//! assert_eq!(partitions.iter().map(|partition| partition.rows).collect::<Vec<_>>(), [2, 1]);
//! assert_eq!(std::fs::read_to_string(parts.data(2))?, "x,y\n5,6\n");
//! let stamp = Stamp::read(&parts.stamp(2)).unwrap();
//! assert_eq!(stamp.key("rows").unwrap().digest, partitions[1].digest);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # An XPath
//!
//! ```
//! use expops::xpath::{Builder, Value, evaluate, parse};
//!
//! let mut builder = Builder::new();
//! builder.open("pipeline");
//! for partition in ["p1", "p2"] {
//!     builder.open("process");
//!     builder.attribute("name", "train");
//!     builder.attribute("partition", partition);
//!     builder.close();
//! }
//! builder.close();
//! let document = builder.finish();
//!
//! let found = evaluate(&parse("//process[@partition='p2']/@name").unwrap(), &document, document.root()).unwrap();
//! let Value::NodeSet(nodes) = found else { panic!("not nodes: {found:?}") };
//! assert_eq!(nodes.len(), 1);
//! assert_eq!(document.string_value(nodes[0]), "train");
//!
//! let wrong = parse("//process[").unwrap_err();
//! assert_eq!(wrong.span.start, 9);
//! ```

mod amount;
mod arm;
mod cache;
pub mod cli;
mod command;
mod defaults;
mod depfile;
mod diagnostic;
mod digest;
pub mod driver;
mod dry_run;
mod durable;
mod emit;
mod escape;
mod exec;
mod file;
mod graph;
#[doc(hidden)]
pub mod journal;
mod layout;
mod lock;
mod name;
mod numbers;
mod output;
mod picture;
mod pipeline;
mod plan;
mod plan_file;
mod probe;
mod process;
mod quote;
mod report;
mod runtime;
mod scaffold;
mod script;
mod serve;
mod settings;
mod signals;
mod size;
mod source;
pub mod split;
mod stamp;
mod syntax;
mod variable;
#[doc(hidden)]
pub mod watch;
pub mod xpath;

#[doc(hidden)]
pub use output::{answer, end_in_words};
