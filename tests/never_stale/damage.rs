//! Damage to what lies in the build folder: what a full disk, a careless hand or a broken tool leaves.

use std::fs;
use std::path::PathBuf;

use crate::random::Random;
use crate::space::Space;

/// Damages up to three files of the build folder; says which, and how.
pub fn some(space: &Space, random: &mut Random) -> Vec<String> {
    let mut files = files(space);
    let mut done = Vec::new();
    for _ in 0..=random.below(3) {
        if files.is_empty() {
            break;
        }
        let path = files.swap_remove(random.below(files.len() as u64) as usize);
        let how = one(&path, random);
        done.push(format!("{} {how}", path.strip_prefix(space.path("")).unwrap().display()));
    }
    done
}

/// Every file of the build folder, in an order that is always the same.
fn files(space: &Space) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(space.path("build")).sort_by_file_name();
    let files = walk.into_iter().flatten().filter(|entry| entry.file_type().is_file());
    // Bytecode is Python's own; and what Make includes is Make's to read before anybody can look at it.
    let is_data = |path: &PathBuf| {
        !path.components().any(|part| part.as_os_str() == "__pycache__")
            && path.extension().is_none_or(|e| e != "mk")
    };
    files.map(walkdir::DirEntry::into_path).filter(is_data).collect()
}

fn one(path: &PathBuf, random: &mut Random) -> &'static str {
    let mut bytes = fs::read(path).unwrap_or_default();
    let how = ["deleted", "emptied", "cut short", "overwritten", "lengthened"][random.below(5) as usize];
    match how {
        "deleted" => return fs::remove_file(path).map_or("could not be deleted", |()| how),
        "emptied" => bytes.clear(),
        "cut short" => bytes.truncate(bytes.len() / 2),
        "overwritten" => bytes.iter_mut().for_each(|byte| *byte = random.below(256) as u8),
        _ => bytes.extend_from_slice(b"more"),
    }
    // As an editor does it: a file that cannot be written to is replaced.
    if fs::write(path, &bytes).is_err() {
        let _ = fs::remove_file(path);
        fs::write(path, &bytes).unwrap();
    }
    how
}
