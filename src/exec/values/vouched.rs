//! What stamps vouch for, and which one vouches for what.

use camino::Utf8Path;

use super::value::Values;
use crate::exec::failure::Failure;
use crate::layout::Folder;
use crate::stamp::Stamp;

/// The values in a folder that has been built.
///
/// # Errors
/// If the stamp or the file of a value is missing. A wrong length is left to whoever reads the value.
pub(in crate::exec) fn made(folder: &Folder, build: &Utf8Path) -> Result<Values, Failure> {
    let missing = |what: &str| {
        let failure = Failure::new(format!("{what} is missing, although the build made it"))
            .help("build again: what it belongs to will be made anew");
        Failure { damaged: vec![folder.clone()], ..failure }
    };
    if Stamp::read(&folder.stamp()).is_none() {
        return Err(missing(folder.stamp().as_str()));
    }
    let values = Values::read(folder).ok_or_else(|| missing(folder.values().as_str()))?;
    match values.values.iter().find(|value| !build.join(&value.file).exists()) {
        Some(value) => {
            let path = build.join(&value.file);
            Err(Failure { damaged: damaged(&path, folder, build), ..missing(path.as_str()) })
        }
        None => Ok(values),
    }
}

/// The folders that vouch for a missing file: the one that passes it on, and the one that it was made in.
fn damaged(path: &Utf8Path, folder: &Folder, build: &Utf8Path) -> Vec<Folder> {
    let maker = owner(path, build).filter(|maker| maker != folder);
    [folder.clone()].into_iter().chain(maker).collect()
}

/// The folder that vouches for the file at `path`: an instance's or a partition's.
pub(in crate::exec) fn owner(path: &Utf8Path, build: &Utf8Path) -> Option<Folder> {
    let above = path.ancestors().skip(1).take_while(|folder| *folder != build);
    let mut folders = above.map(|folder| Folder(folder.to_owned()));
    folders.find(|folder| folder.values().exists() || folder.record().exists())
}
