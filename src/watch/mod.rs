//! What a process and its children read, as the library in `watch.c` saw it.

use camino::Utf8PathBuf;

/// The library to preload; `None` where it cannot be used.
pub fn library() -> Option<&'static [u8]> {
    const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/watch.so"));
    (!LIBRARY.is_empty()).then_some(LIBRARY)
}

/// What was done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// An existing file was opened for reading.
    Read,
    /// The same, by a program that the instance started.
    ReadByProgram,
    /// The same, by a process that was started anew to run functions of the instance.
    ReadBySpawned,
    /// What was opened or listed, by its real path: the name that was used leads there through a link.
    ReadByLink,
    /// A library was loaded.
    Load,
    /// An existing file was opened for reading and writing.
    Update,
    /// An existing file was opened for writing only.
    Write,
    /// A file was created.
    Create,
    /// An existing file was truncated, to be rewritten.
    Truncate,
    /// It was looked up, and exists.
    Find,
    /// It was looked up, and does not exist.
    Miss,
    /// A folder was listed.
    List,
    /// A folder was created.
    MakeFolder,
    /// The name was removed, or moved away.
    Remove,
    /// Something was moved or linked to the name.
    MoveTo,
    /// A program was started whose reads are also seen.
    Start,
    /// A program was started whose reads are not seen: it is statically linked, or was given another environment.
    StartUnseen,
    /// What is there by the name of a word that such a program was given, or the folder that it runs in.
    Word,
    /// A variable that a word of a program names, which was started; its path is the name.
    Name,
    /// A variable that a forked child of the instance asked for; its path is the digest of the value, or `-`, and the
    /// name, with a blank between them.
    Ask,
}

/// What a file was like when it was opened or looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Length in bytes.
    pub length: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified: i64,
    /// The inode.
    pub inode: u64,
    /// Kind and permissions, as in `stat`.
    pub mode: u32,
}

impl FileState {
    /// Whether it was a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    /// Whether it was a folder.
    pub fn is_folder(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }
}

#[cfg(unix)]
impl FileState {
    /// The present state of the file at `path`; `None` if it does not exist.
    pub fn now(path: &camino::Utf8Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let meta = std::fs::metadata(path).ok()?;
        let modified = meta.mtime().wrapping_mul(1_000_000_000).wrapping_add(meta.mtime_nsec());
        Some(Self { length: meta.len(), modified, inode: meta.ino(), mode: meta.mode() })
    }
}

#[cfg(not(unix))]
impl FileState {
    /// Always `None`: nothing is seen here, so nothing is compared.
    pub fn now(_path: &camino::Utf8Path) -> Option<Self> {
        None
    }
}

/// One thing that was done; repetitions are not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What was done.
    pub operation: Operation,
    /// What was there; `None` if nothing was, or if that does not matter.
    pub seen: Option<FileState>,
    /// The absolute path as requested, with `..` and links.
    pub path: Utf8PathBuf,
}

/// Parses the events that the library wrote, in their order. A record that is truncated, or whose path is not text, is
/// `None`: something was read that cannot be named.
pub fn events(bytes: &[u8]) -> impl Iterator<Item = Option<Event>> {
    bytes.split(|byte| *byte == 0).filter(|record| !record.is_empty()).map(event)
}

fn event(record: &[u8]) -> Option<Event> {
    let text = str::from_utf8(record).ok()?;
    let mut fields = text.splitn(6, ' ');
    let operation = operation(fields.next()?)?;
    let seen = FileState {
        length: fields.next()?.parse().ok()?,
        modified: fields.next()?.parse().ok()?,
        inode: fields.next()?.parse().ok()?,
        mode: u32::from_str_radix(fields.next()?, 8).ok()?,
    };
    let seen = (seen.inode != 0).then_some(seen);
    Some(Event { operation, seen, path: Utf8PathBuf::from(fields.next()?) })
}

fn operation(letter: &str) -> Option<Operation> {
    Some(match letter {
        "r" => Operation::Read,
        "p" => Operation::ReadByProgram,
        "q" => Operation::ReadBySpawned,
        "o" => Operation::ReadByLink,
        "e" => Operation::Load,
        "u" => Operation::Update,
        "a" => Operation::Write,
        "c" => Operation::Create,
        "t" => Operation::Truncate,
        "s" => Operation::Find,
        "-" => Operation::Miss,
        "l" => Operation::List,
        "m" => Operation::MakeFolder,
        "d" => Operation::Remove,
        "n" => Operation::MoveTo,
        "x" => Operation::Start,
        "S" => Operation::StartUnseen,
        "w" => Operation::Word,
        "$" => Operation::Name,
        "v" => Operation::Ask,
        _ => return None,
    })
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::process::Command;

    use super::*;

    /// What `sh -c script` did below its folder, as letters of operations and names.
    fn watched(script: &str, variables: &[(&str, &str)]) -> Vec<(Operation, String)> {
        let folder = tempfile::tempdir().unwrap();
        let folder = camino::Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let (library, log, work) = (folder.join("watch.so"), folder.join("log"), folder.join("work"));
        std::fs::write(&library, super::library().unwrap()).unwrap();
        std::fs::create_dir_all(work.join("sub")).unwrap();
        std::fs::write(work.join("a b\n.txt"), "1").unwrap();
        std::fs::write(work.join("sub/c.txt"), "1").unwrap();
        let done = Command::new("/bin/sh")
            .args(["-c", script])
            .current_dir(&work)
            .env("LD_PRELOAD", &library)
            .env("EXPOPS_WATCH", &log)
            .env("EXPOPS_WATCH_ROOTS", format!("-/\n+{work}"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{script}");
        let events = events(&std::fs::read(&log).unwrap_or_default()).map(Option::unwrap).collect::<Vec<_>>();
        let name = |event: Event| {
            let is_name = event.operation == Operation::Name;
            let path = if is_name { &event.path } else { event.path.strip_prefix(&work).unwrap() };
            (event.operation, path.to_string())
        };
        events.into_iter().map(name).collect()
    }

    fn of(events: &[(Operation, String)], operation: Operation) -> Vec<&str> {
        events.iter().filter(|(found, _)| *found == operation).map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn children_are_seen_to_read_list_look_up_and_write() {
        let events = watched("cat 'a b\n.txt' sub/../sub/c.txt; cd sub; ls; test -e none; echo 2 > new", &[]);
        assert_eq!(of(&events, Operation::ReadByProgram), ["a b\n.txt", "sub/../sub/c.txt"]);
        assert_eq!(of(&events, Operation::List), ["sub"]);
        assert!(of(&events, Operation::Miss).contains(&"sub/none"));
        assert_eq!(of(&events, Operation::Create), ["sub/new"]);
    }

    #[test]
    fn the_variables_that_words_of_programs_name_are_noted() {
        let script = "cp /bin/echo here; env -i ./here '$A' \"getenv('B')\" 'ENV{C}'; \
                      /bin/echo 'os.environ.get( \"D\")' 'environ[b\"E\"]' '${#F} $1 $$ $' 'environ' 'getenv(' > /dev/null";
        let mut names = of(&watched(script, &[]), Operation::Name).join(" ");
        names.retain(|c| c != ' ');
        assert_eq!(names.chars().collect::<std::collections::BTreeSet<_>>(), "ABCDEF".chars().collect());
    }

    #[test]
    fn a_program_without_the_library_is_said_to_be_unseen() {
        let script = "cp /bin/true here; ./here; env -i ./here";
        let events = watched(script, &[]);
        assert_eq!(of(&events, Operation::Start), ["here"]);
        assert_eq!(of(&events, Operation::StartUnseen), ["here"]);
    }

    #[test]
    fn what_the_words_of_an_unseen_program_name_is_noted() {
        let script = "cp /bin/true here; cd sub; env -i ../here --in=c.txt 'cat ../sub/c.txt' none";
        let events = watched(script, &[]);
        assert_eq!(of(&events, Operation::Word), ["sub/c.txt", "sub/../sub/c.txt", "sub"]);
    }
}
