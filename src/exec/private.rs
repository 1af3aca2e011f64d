//! A folder that only the user can enter, for the time of a build: for the sockets of workers, and for anything that
//! does not fit into the path of the build folder.

#[cfg(unix)]
use std::fs;
use std::io;

#[cfg(unix)]
use camino::Utf8Path;
use camino::Utf8PathBuf;

/// The longest path of a Unix socket on Linux is 107 bytes.
#[cfg(unix)]
const LONGEST: usize = 107;

/// The folder, created if it is missing.
///
/// # Errors
/// If it cannot be created, or is not the user's alone.
#[cfg(unix)]
pub(super) fn folder() -> io::Result<Utf8PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let user = rustix::process::geteuid().as_raw();
    let run = std::env::var("XDG_RUNTIME_DIR").map(Utf8PathBuf::from).unwrap_or_default();
    let is_usable = run.is_absolute() && run.as_str().len() + 60 < LONGEST && is_private(&run, user);
    let folder = if is_usable { run.join("expops") } else { format!("/tmp/expops-{user}").into() };
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let foreign = || io::Error::other(format!("`{folder}` is not a folder that only this user can enter"));
    is_private(&folder, user).then(|| folder.clone()).ok_or_else(foreign)
}

/// Whether it is a folder that belongs to the user and to nobody else.
#[cfg(unix)]
fn is_private(folder: &Utf8Path, user: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    folder
        .symlink_metadata()
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == user && meta.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
pub(super) fn folder() -> io::Result<Utf8PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}
