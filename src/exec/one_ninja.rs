//! One Ninja at a time in a build folder. Two would write to the same `.ninja_deps`, each with numbers of its own, and
//! neither could read it afterwards: from then on everything would run in every build. A Make beside it is no harm.

use super::failure::Failure;
use crate::file;
use crate::journal::Build;
use crate::layout::Layout;

/// The programs that keep such a file.
const TOOLS: [&str; 2] = ["ninja", "samu"];

/// Insists that no other Ninja is at work here, if this process is part of one's build. A command that fails leaves
/// nothing in that file.
///
/// # Errors
/// If one is, or this one cannot be noted.
pub(crate) fn insist_on_one_ninja(layout: &Layout) -> Result<(), Failure> {
    let own = Build::present();
    if !TOOLS.iter().any(|tool| own.tool.starts_with(tool)) {
        return Ok(());
    }
    let path = layout.ninja();
    let noted = file::read_regular(&path).ok().and_then(|text| serde_json::from_slice::<Build>(&text).ok());
    match noted {
        Some(noted) if noted == own => Ok(()),
        Some(noted) if noted.is_running() => {
            let message = format!("another `{}` builds here (process {})", noted.tool, noted.process);
            Err(Failure::new(message)
                .help("wait until it has ended and build again; `expops run` waits by itself"))
        }
        _ => {
            file::create_own_folder(layout.build(), &layout.own())?;
            let text = serde_json::to_vec(&own).map_err(|error| Failure::new(error.to_string()))?;
            Ok(file::write_own(&path, text)?)
        }
    }
}
