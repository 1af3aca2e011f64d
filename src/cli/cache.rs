//! `expops cache`.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::json;

use super::ended::Ended;
use super::location::Location;
use super::say;
use crate::amount;
use crate::cache::{self, Cache};
use crate::layout::Layout;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops cache                 where the cache is, and how much it holds
  expops cache --keep 10GB     forget what was not used for longest, beyond 10 GB
  expops cache --clear         forget everything: costs time, loses nothing

Results are kept in `build/.expops/cache`, or in the folder that EXPOPS_CACHE_DIR names,
which several checkouts can share.")]
pub(super) struct Flags {
    /// Forget what was not used for longest, until at most SIZE is left
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "clear")]
    keep: Option<u64>,
    /// Forget everything
    #[arg(long)]
    clear: bool,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn size(text: &str) -> Result<u64, String> {
    amount::bytes(text).map_err(|_| "a size is a number with a unit: 500MB, 10GB".to_owned())
}

pub(super) fn run(flags: &Flags) -> Ended {
    let place = Location::find(Utf8Path::new("."), flags.build_dir.as_deref());
    let cache = Cache::find(Layout::new(place.build_from_here()).cache());
    let done = match (flags.clear, flags.keep) {
        (true, _) => cache.clear(),
        (false, Some(keep)) => cache.trim(keep),
        (false, None) => Ok(()),
    };
    let contents = match done.and_then(|()| cache.contents()) {
        Ok(contents) => contents,
        Err(error) => {
            say::error(&format!("the cache in `{}` cannot be used: {error}", cache.folder()));
            return Ended::Failed;
        }
    };
    if flags.json {
        let all = json!({"folder": cache.folder(), "entries": contents.entries, "objects": contents.objects, "bytes": contents.bytes});
        println!("{all:#}");
    } else {
        println!("folder   {}", cache.folder());
        println!("entries  {}", contents.entries);
        println!("size     {}", cache::shown_size(contents.bytes));
    }
    Ended::Well
}
