//! Every kind of diagnostic: its number, whose meaning never changes, and its text for `expops explain CODE`. E0xx: the
//! text. E1xx: names. E2xx: the graph. E3xx: layers. E4xx: probe paths. E5xx: files and output. Wxxx: warnings.

/// A kind of diagnostic.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `E101`.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it means and how to fix it, in whole sentences.
    pub explanation: &'static str,
    /// What must be correct for it to be meaningful.
    pub(crate) needs: Needs,
}

/// Which part of a project file must be correct for a diagnostic to be meaningful. If that part is not, the diagnostic
/// may be a mere consequence and is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The process it refers to.
    Process,
    /// Also the names of all processes.
    Names,
    /// Also `scripts`, `environment` and `data`.
    References,
    /// The whole file.
    Everything,
}

/// The code called `id`, in upper or lower case.
pub(crate) fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

macro_rules! codes {
    ($($needs:ident { $($name:ident $id:literal $title:literal $explanation:literal)* })*) => {
        /// The codes by name, for the stages that use them.
        pub(crate) mod codes {
            use super::{Code, Needs};
            $($(#[doc = $title] pub(crate) static $name: Code =
                Code { id: $id, title: $title, explanation: $explanation, needs: Needs::$needs };)*)*
        }
        /// All codes.
        pub(crate) static ALL: &[&Code] = &[$($(&codes::$name),*),*];
    };
}

codes! {
    Process {
        SHAPE "E002" "a value has the wrong type"
            "The field exists but another type of value is expected there: the message says which, and what \
             is there now."
        COMMAND "E009" "a command template cannot be read"
            "`command` is a template: `{{ inputs.KEY }}`, `{{ outputs.KEY }}`, `{{ parameters.NAME }}`, \
             `{{ partition }}` and `{{ seed }}` are filled in before the shell runs it."
        AMOUNT "E010" "an amount cannot be read"
            "Memory is a number and a unit (`8GB`, `512 MiB`; with `i` in powers of 1,024), time as well (`90s`, `2h`) \
             or `HOURS:MINUTES:SECONDS`, with days before it as `1-12:00:00`. A list has one amount for each attempt. \
             `retries` and `at_least` show their forms in the message."
        DUPLICATE_PROCESS "E102" "two processes have one name"
            "Names of processes are unique: they are the names of targets and of folders."
        NAME "E108" "a name cannot be used"
            "Names of processes are not empty, at most 200 bytes long, without control characters, and are \
             not `all`, which builds everything."
        OUTPUT_CLASH "E110" "two outputs have one path"
            "Each entry of `outputs` is a file of its own."
        OUTPUT "E114" "an output that the process cannot make"
            "A declared output of a Python process is a file: the function returns its path under the output's key."
        EXPORT "E115" "a copy that the build cannot make"
            "`export: {KEY: PATH}` copies a declared output of a process outside all layers to a path of the project: not \
             into the build folder, not where something reads, and each to a path of its own."
        DEFERRED "E116" "a function whose call does not run it"
            "Calling a function with `yield` returns a generator, and calling an `async` function a coroutine: none of its \
             body has run at that point. The function of a process returns its values."
        PATH_OUTSIDE "E503" "a path leaves its place"
            "Outputs of a command are relative paths inside the folder of the instance."
        UNUSED_AMOUNT "W003" "amounts for attempts that are never made"
            "A list of amounts under `resources` has one for each attempt: the first, and as many more as `retries` says."
    }
    Names {
        UNKNOWN_PROCESS "E101" "unknown process"
            "`process_adjlist` names a process that is not listed under `processes`."
        UNUSED_PROCESS "E103" "a process is not part of the graph"
            "A process of `processes` is not named in `process_adjlist`. Add a line with its name (alone, if \
             it has no edges) or remove the process. Only a chart with `probe_paths` may be left out."
        CASE "E113" "two names differ by case alone"
            "File systems of macOS and Windows do not tell `Train` from `train`: the two would share a folder."
        CYCLE "E201" "the pipeline has a cycle"
            "The message prints the cycle. Remove one of its edges."
        SELF_EDGE "E202" "a process depends on itself"
            "Remove the edge."
    }
    References {
        UNKNOWN_SCRIPT "E104" "unknown script"
            "A `code` reference names a script key that `scripts` does not have, or `scripts` is missing."
        UNKNOWN_FUNCTION "E105" "unknown function"
            "The script has no function of this name at its top level."
        UNKNOWN_ENVIRONMENT "E106" "unknown environment"
            "`environment` of a process names an entry that the top-level `environment` does not have."
        MISSING_CODE "E107" "a process has nothing to run"
            "Give it `code`, or `command`, or a function of its own name in the default script. A split may \
             do without: it then splits the `data_name` key of its upstreams. An aggregation may not."
        SCRIPT_READ "E501" "a script cannot be read"
            "The file that `scripts` names is missing or cannot be read."
        SCRIPT_SYNTAX "E502" "a script is not valid Python"
            "The compiler reads the scripts to find functions, steps and what they reach, so they must parse."
        DECLARED "E506" "a declared file cannot be used"
            "`files` and `data.path` name files and folders that processes read, relative to the project. A folder \
             that holds the build folder, or lies in it, changes with every build: name what is read, and take what \
             other processes make as inputs. Patterns such as `*.txt` are not expanded: name the folder."
        MISSING_FILE "E507" "a file is not there"
            "`data`, `files`, `environment` and `scripts` name files relative to the project's folder."
        MISSING_YET "W005" "a file is not there yet"
            "The outer build that takes the generated file in may make it. If it does not, nothing that reads the file can run."
    }
    Everything {
        YAML "E001" "the file is not YAML that expops can read"
            "The project file must be YAML in UTF-8, without tabs as indentation, without NUL bytes, nested \
             at most 64 levels deep, with each key of a mapping once. Aliases are allowed as long as they do \
             not expand to an unreasonable size."
        UNKNOWN_FIELD "E003" "unknown field"
            "A field of the project file is misspelt or in the wrong place. expops rejects unknown \
             fields of a process because a setting that is silently ignored costs hours."
        MISSING_FIELD "E004" "a required field is missing"
            "The message names the field and the mapping that needs it."
        NO_PIPELINE "E005" "the project file has no pipeline"
            "expops looks for `process_adjlist` and `processes` under `experiment.pipeline`, \
             `experiment.parameters.pipeline`, `pipeline`, and at the top level, in this order."
        ADJACENCY "E006" "a line of `process_adjlist` cannot be read"
            "Each line names a source and then its targets, separated by blanks; `#` starts a comment; a name \
             with a blank or a `#` in it is put in quotes."
        CODE_REFERENCE "E007" "a `code` reference cannot be read"
            "Write `function` for a function of the default script or `script_key.function` for one of \
             another script of `scripts`."
        SIZE "E008" "a partition size cannot be read"
            "`size` is a number of equal partitions (`3`), a list of row counts (`[50, 20, 20]`), or a list \
             of shares with at most one `rest` (`[\"60%\", \"20%\", rest]`)."
        ENVIRONMENT "E011" "an environment cannot be made as it is written"
            "expops makes virtual environments from requirement files, with `uv` where that is installed, else with \
             `venv` and `pip`. Environments of conda, mamba, pixi and others it does not make: make them yourself, and \
             name the interpreter with `expops compile --python PATH`. `python` is a version from 3.9 on (`\"3.12\"`), or \
             the path of an interpreter."
        DATASET "E012" "a name of a data file cannot be used"
            "Each entry of `data.inputs` has a name of its own; `path` is the name of the file at `data.path`."
        INPUT_CLASH "E109" "two inputs have one name"
            "Inputs are given to a process by name, so two upstreams must not return the same key, and a \
             parameter must not have the name of a key."
        UNKNOWN_KEY "E111" "a key that nothing provides"
            "The process asks for a key that none of its upstreams returns, as far as their code writes out what it returns; or \
             it gives an input a name that its function does not take."
        SEED_KEY "E112" "an upstream key takes the place of the seed"
            "Below a seed split `random_seed` is the seed of the layer. A key of this name would switch the layer off: return it \
             under another one."
        EMPTY "E203" "the pipeline has no process"
            "There is nothing to build."
        TOO_MANY_INSTANCES "E301" "too many instances"
            "The layers multiply to more instances than the limit (1,000,000). If that is meant, raise it \
             with `--max-instances`."
        BAD_SIZE "E302" "a partition size makes no sense"
            "A number of partitions is at least 1; a list of sizes is not empty, has no negative and no zero \
             count, shares of at most 100 % in all, and at most one `rest`."
        BAD_SEEDS "E303" "a list of seeds makes no sense"
            "`seeds` is a list of at least one whole number from 0 to 4294967295, each only once."
        UNRELATED_LAYERS "E304" "upstreams from two unrelated splits"
            "Upstreams of a process may live at different depths of one nest of layers, but not in the layers \
             of two splits of which neither contains the other: there would be no telling which partition \
             belongs to which. Aggregate one of the branches first."
        TWO_PARALLELISMS "E305" "a split of both kinds"
            "A process opens a data layer or a seed layer, not both. Put one split behind the other."
        SPLIT_AND_AGGREGATION "E306" "an aggregation that is also a split of the same kind"
            "Close the layer in one process and open the next in another."
        NO_DATA_NAME "E307" "a split does not say what it splits"
            "A data split without code needs `data_name`, the key of its upstreams that is cut into rows, unless one of \
             them is called `data`."
        NO_UPSTREAM "E308" "a split has nothing to split"
            "A data split without code cuts an output of its upstreams; it has none."
        AT_LEAST "E309" "`at_least` asks for what cannot be"
            "`at_least` belongs to an aggregation: it says how many of the instances that it gathers must have \
             succeeded, as a number of at most all of them or as a share."
        PROBE_SYNTAX "E401" "a probe path cannot be read"
            "A probe path is an XPath 1.0 expression whose value is a node set, or the plain name of a process."
        PROBE_EMPTY "E402" "a probe path matches nothing"
            "No instance or step of the pipeline is selected by the expression."
        PROBE_TYPE "E403" "a probe path is not a node set"
            "The expression is XPath, but its value is a number, a string or a truth value: there is nothing \
             to plot at it."
        COMPONENT "E504" "components are not supported"
            "A process with `component:` names a ready-made part such as `sklearn.…`. Write a Python function \
             that does the same and name it with `code`."
        INEXPRESSIBLE "E505" "a path cannot be written in the generated file"
            "Ninja cannot quote `|`, and Make cannot quote some characters, in a file name. Rename the file, or \
             choose another format."
        NOTHING_TO_CLOSE "W001" "an aggregation without a layer"
            "The process has an aggregation flag, but no layer of that kind is open there, so that the flag \
             does nothing."
        IGNORED_SECTION "W002" "a setting that expops does not use"
            "The section is accepted, so that existing projects compile unchanged, but has no effect."
        SEED_PARAMETER "W004" "a parameter that the seed layer takes the place of"
            "Below a seed split `random_seed` is the seed of the layer, whatever a parameter of that name says."
        UNUSED_PARAMETER "W006" "a parameter that nothing takes"
            "No function and no command names it, so that it changes nothing: it may be misspelt."
        MISSING_MODULE "W007" "an imported module is not there"
            "Neither the project nor the interpreter has a module of this name, so that the import fails when the process \
             runs. If another build makes the module, declare it under the process's `files`: then it is made first."
        OTHER_MEANING "W008" "a value that may not mean what was intended"
            "`seeds: 3` is one seed, not three; `no` is text in YAML 1.2, not `false`; outside of every layer there is no \
             partition and no seed. Write it so that only one reading is possible."
        NO_EFFECT "W009" "a setting that has no effect where it stands"
            "The setting is a known one, but nothing there can use it: `reuse` needs a Python function, `at_least` something \
             that can be dropped, an environment a process that runs in it."
        REMOTE_FILE "W010" "a requirement file on another machine"
            "A requirement file includes one by its URL. It is fetched when the environment is made, and nobody looks whether it \
             has changed since."
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn codes_are_unique_and_explained() {
        let mut ids: Vec<_> = ALL.iter().map(|code| code.id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(ALL.iter().all(|code| code.explanation.ends_with('.') && !code.title.is_empty()));
        assert_eq!(find("e101"), Some(&codes::UNKNOWN_PROCESS));
    }

    /// Codes without a golden file, and why.
    const WITHOUT: [(&str, &str); 5] = [
        ("E401", "probe paths have tests of their own"),
        ("E402", "probe paths have tests of their own"),
        ("E403", "probe paths have tests of their own"),
        ("W005", "hosted builds have a test of their own"),
        ("W010", "requirement files have tests of their own"),
    ];

    #[test]
    fn every_code_has_a_golden_file() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folders =
            ["tests/diagnostics", "tests/syntax"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
        let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
        let outputs = files.filter(|path| path.extension().is_some_and(|extension| extension == "out"));
        let texts: Vec<_> = outputs.map(|path| fs::read_to_string(path).unwrap()).collect();
        let is_shown = |id: &&str| texts.iter().any(|text| text.contains(&format!("[{id}]")));
        let missing: BTreeSet<_> = ALL.iter().map(|code| code.id).filter(|id| !is_shown(id)).collect();
        let excused: BTreeSet<_> = WITHOUT.iter().map(|(id, _)| *id).collect();
        assert_eq!(missing.difference(&excused).collect::<Vec<_>>(), [&""; 0], "codes without a golden file");
    }
}
