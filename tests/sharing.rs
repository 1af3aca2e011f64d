//! Where the file system can share blocks (XFS, Btrfs), the cache and the outputs have them in common; and an entry
//! cannot be damaged through an output, wherever it is. Where nothing can be mounted, a word says so.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::statvfs;

use crate::space::Space;

/// The size of an output in bytes; blocks are shared only where there are any.
const SIZE: u64 = 40_000_000;

const PROJECT: &str = "
process_adjlist: make
processes:
  - name: make
    command: 'head -c 40000000 /dev/urandom > {{ outputs.big }}'
    outputs: {big: big.bin}
";

/// A file system in a file; taken down when dropped.
struct Disk(Space);

impl Disk {
    /// `None` where there is none of this kind.
    fn new(make: &str) -> Option<Self> {
        let disk = Self(Space::new());
        fs::create_dir(disk.0.path("a")).unwrap();
        let made = format!("truncate -s 400M disk && {make} disk && mount -o loop disk a");
        let made = disk.0.run("sh", &["-c", &made]);
        if made.status != 0 {
            println!("skipped: `{make}` or mounting does not work here: {}", made.err);
            return None;
        }
        Some(disk)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.0.run("umount", &["-l", "a"]);
    }
}

/// How many bytes of the file system are used once everything has been written.
fn used(space: &Space) -> u64 {
    space.run("sync", &["-f", "."]).success();
    let stat = statvfs(space.path(".")).unwrap();
    (stat.f_blocks - stat.f_bfree) * stat.f_frsize
}

/// Builds, loses what was built, writes through what came back, and loses that, too. Returns by how much the use of the
/// file system has grown after the first two builds.
fn grown(space: &Space) -> [u64; 2] {
    space.write("expops.yaml", PROJECT);
    space.expops(&["compile"]).success();
    let build = || {
        space.run("ninja", &[]).success();
        fs::read(space.path("build/make/out/big.bin")).unwrap()
    };
    let lose = || fs::remove_dir_all(space.path("build/make")).unwrap();
    let before = used(space);
    let made = build();
    let first = used(space) - before;
    lose();
    // The command draws anew: what is the same has come from the cache.
    assert!(build() == made);
    let second = used(space) - before;
    write_through(&space.path("build/make/out/big.bin"));
    lose();
    assert!(build() == made, "the entry has been damaged through an output");
    [first, second]
}

fn write_through(path: &Path) {
    use std::io::{Seek as _, SeekFrom, Write as _};
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut file = fs::File::options().write(true).open(path).unwrap();
    for at in [0, SIZE / 2, SIZE - 8] {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(b"damaged!").unwrap();
    }
    file.sync_all().unwrap();
}

#[test]
fn a_cache_entry_and_its_output_share_blocks_and_nothing_else() {
    for make in ["mkfs.xfs -q -m reflink=1", "mkfs.btrfs -q"] {
        let Some(disk) = Disk::new(make) else { continue };
        let space = Space::within(&disk.0.path("a"));
        let grown = grown(&space);
        assert!(grown.iter().all(|grown| (SIZE / 2..SIZE * 3 / 2).contains(grown)), "{make}: {grown:?}");
    }
    grown(&Space::new());
}
