//! The command line: one module for each command. Only here are flags read, results printed, and exit statuses
//! chosen: 0 for success, 1 for a failed build, 2 for wrong usage or a wrong project file.

mod cache;
mod check;
mod clean;
mod compile;
mod complete;
mod debug;
mod ended;
mod exec;
mod explain;
mod failed;
mod graph;
mod labels;
mod launch;
mod location;
mod logged;
mod logs;
mod look;
mod metrics;
mod new;
mod query;
mod refuse;
mod repair;
mod report;
mod run;
mod say;
mod screen;
mod show;
mod split;
mod status;
mod tidy;
mod told;
mod view;

use std::io::{self, Write as _};
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::driver;
use crate::output;
use crate::variable;
use ended::Ended;
pub use split::Command as SplitCommand;

/// Compiles experiment pipelines to Ninja, Make or shell: one target per partition, re-run by content.
#[derive(Debug, Parser)]
#[command(version = VERSION, max_term_width = 100, after_help = EXAMPLE)]
pub struct Arguments {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<Utf8PathBuf>,
    /// Say at the end that it is done: what a Ninja file asks of a launcher around this program
    #[arg(long, global = true, hide = true)]
    proof: bool,
    #[command(subcommand)]
    command: Command,
}

/// The generated files know this program by the name of its distribution: another project has a program called `expops`.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (expops-build)");

const EXAMPLE: &str = "Example:
  expops compile && ninja      compile expops.yaml, then build everything
  expops run -j4 train         the same in one step, for one process";

const SCHEMA_EXAMPLE: &str = "Example:
  expops schema > expops.schema.json     then, as the first line of expops.yaml:
                                         # yaml-language-server: $schema=expops.schema.json";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a small project that runs
    New(new::Flags),
    /// Compile a project to a Ninja file, a Makefile or a shell script
    Compile(compile::Flags),
    /// Compile, then build with Ninja if it is installed, else with Make
    Run(run::Flags),
    /// Run one instance: what the generated file calls
    Exec(exec::Flags),
    /// Run the user's part of an instance: what a launcher is given
    #[command(hide = true)]
    Task(launch::Flags),
    /// Look after a launcher: what exec calls
    #[command(hide = true)]
    Launch,
    /// End what an exec has started that was killed: what its heir calls
    #[command(hide = true)]
    Orphans(launch::Orphans),
    /// Print what an XPath expression selects in the expanded pipeline
    Query(query::Flags),
    /// Print the pipeline as a graph: DOT, Mermaid, JSON or XML
    Graph(graph::Flags),
    /// Print what was logged, as a table
    Metrics(metrics::Flags),
    /// Cut a data file into partitions and stamp them: the same as the program expops-split
    Split(Box<split::Command>),
    /// Say why an instance would run, or ran, or what a diagnostic code means
    Explain(explain::Flags),
    /// Say what the next build would do
    Status(status::Flags),
    /// Write a page that shows the pipeline, its builds, its metrics and its charts
    Report(report::Flags),
    /// Show that page live, from a server on this machine
    View(view::Flags),
    /// Print what instances printed
    Logs(logs::Flags),
    /// Run one instance in this terminal, with a debugger
    Debug(debug::Flags),
    /// Print the head of a value or a metric
    Show(show::Flags),
    /// Run instances twice, and say whether they make the same
    Check(check::Flags),
    /// Show or trim the cache
    Cache(cache::Flags),
    /// Remove outputs
    Clean(clean::Flags),
    /// Print the JSON schema of project files, for editors
    #[command(after_help = SCHEMA_EXAMPLE)]
    Schema,
    /// Print what a shell needs to complete commands, processes and instances
    Completions(complete::Flags),
    /// Write the manual pages
    Man(complete::Manual),
}

/// What a build tool, `exec` and launchers call for each instance. Making the whole command line takes longer than the
/// rest of a look.
#[derive(Debug, Parser)]
struct Frequent {
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<Utf8PathBuf>,
    #[arg(long, global = true, hide = true)]
    proof: bool,
    #[command(subcommand)]
    command: FrequentCommand,
}

#[derive(Debug, Subcommand)]
enum FrequentCommand {
    Exec(exec::Flags),
    Task(launch::Flags),
    Launch,
}

impl From<Frequent> for Arguments {
    fn from(frequent: Frequent) -> Self {
        let command = match frequent.command {
            FrequentCommand::Exec(flags) => Command::Exec(flags),
            FrequentCommand::Task(flags) => Command::Task(flags),
            FrequentCommand::Launch => Command::Launch,
        };
        Self { directory: frequent.directory, proof: frequent.proof, command }
    }
}

impl Arguments {
    /// The arguments of this process.
    ///
    /// # Errors
    /// If they are not understood, or ask for help.
    pub fn read() -> Result<Self, clap::Error> {
        match Frequent::try_parse() {
            Ok(frequent) => Ok(frequent.into()),
            Err(_) => Self::try_parse(),
        }
    }
}

/// Answers a shell that asks for completions, then exits.
pub fn answer_shell() {
    complete::answer(Arguments::command);
}

/// Runs the program.
pub fn run(arguments: Arguments) -> ExitCode {
    if let Some(directory) = &arguments.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        say::error(&format!("cannot enter `{directory}`: {error}"));
        return ExitCode::from(2);
    }
    let builds = matches!(
        arguments.command,
        Command::Run(_) | Command::Exec(_) | Command::Debug(_) | Command::Check(_)
    );
    if let Err(text) = if builds { variable::check() } else { Ok(()) } {
        say::error(&text);
        return ExitCode::from(2);
    }
    let ended = match arguments.command {
        Command::New(flags) => new::run(&flags),
        Command::Compile(flags) => compile::run(&flags),
        Command::Run(flags) => run::run(&flags),
        Command::Exec(flags) => {
            exec::run(&flags, arguments.directory.as_deref().unwrap_or(Utf8Path::new("")))
        }
        Command::Task(flags) => launch::task(&flags),
        Command::Launch => launch::keep(),
        Command::Orphans(flags) => launch::end_orphans(&flags),
        Command::Query(flags) => query::run(&flags),
        Command::Graph(flags) => graph::run(&flags),
        Command::Metrics(flags) => metrics::run(&flags),
        Command::Split(command) => Ended::As(command.execute()),
        Command::Explain(flags) => explain::run(&flags),
        Command::Status(flags) => status::run(&flags),
        Command::Report(flags) => report::run(&flags),
        Command::View(flags) => view::run(&flags),
        Command::Logs(flags) => logs::run(&flags),
        Command::Debug(flags) => debug::run(&flags),
        Command::Show(flags) => show::run(&flags),
        Command::Check(flags) => check::run(&flags),
        Command::Cache(flags) => cache::run(&flags),
        Command::Clean(flags) => clean::run(&flags),
        Command::Completions(flags) => complete::completions(&flags),
        Command::Man(flags) => complete::manual(&flags, Arguments::command()),
        Command::Schema => {
            println!("{:#}", driver::schema());
            Ended::Well
        }
    };
    if arguments.proof && matches!(ended, Ended::Well) {
        println!("{}", driver::DONE);
    }
    // Without this, nobody would hear of a last line without an end that cannot be written.
    let unwritten = output::status(io::stdout().flush());
    match ended {
        Ended::Well => ExitCode::from(unwritten),
        Ended::Failed => ExitCode::from(1),
        Ended::Wrong => ExitCode::from(2),
        Ended::As(status) => ExitCode::from(status),
    }
}
