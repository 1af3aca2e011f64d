//! What a build is told once, and not by each of its instances.

use serde::{Deserialize, Serialize};

use super::remark::Remark;
use crate::file::{self, FileError};
use crate::journal::Build;
use crate::layout::Layout;
use crate::lock::Lock;

/// What the last build was told.
#[derive(Default, Serialize, Deserialize)]
struct Told {
    build: Option<Build>,
    remarks: Vec<String>,
}

/// Whether the build that this process is part of has been told of this before; from now on it has.
///
/// # Errors
/// If that cannot be noted.
pub(super) fn before(remark: &Remark, layout: &Layout) -> Result<bool, FileError> {
    let build = Build::present();
    if !build.is_of_a_tool() {
        return Ok(false);
    }
    let path = layout.told();
    file::insist_on_no_links(layout.build(), &path)?;
    let _lock = Lock::wait(&path.with_extension("lock"))?;
    let read = file::read_regular_text(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let mut told: Told = read.filter(|told: &Told| told.build.as_ref() == Some(&build)).unwrap_or_default();
    told.build = Some(build);
    let text = remark.topic();
    let was_told = told.remarks.contains(&text);
    if !was_told {
        told.remarks.push(text);
        file::write_own(&path, serde_json::to_string(&told).unwrap_or_default())?;
    }
    Ok(was_told)
}
