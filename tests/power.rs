//! A power cut, simulated: the backing file of a loop device holds exactly what a disk has received. At some moments of a
//! build, and of the seconds after it, it is copied; each copy is then mounted elsewhere. Whatever is believed there must
//! be right.
//!
//! `EXPOPS_TEST_CUTS` says how many moments, `EXPOPS_TEST_SEED` which. Where no file system can be mounted, the test is
//! skipped.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::interrupted::check_stamps;
use crate::random::{Random, number};
use crate::space::{Ran, Space};

/// How many moments, unless the variable says more.
const CUTS: u64 = 20;

/// How many moments of one build: with more, it would be copied all the time.
const CUTS_OF_A_BUILD: u64 = 10;

/// How long after a build: by then the journal has been written, and contents need not be.
const AFTER: Duration = Duration::from_secs(6);

/// No command of this test may take longer.
const LIMIT: &str = "60";

const PROJECT: &str = "
scripts: {main: main.py}
process_adjlist: |
  make cut
  cut count
  count total
processes:
  - {name: make, command: 'seq 1 2000 > {{ outputs.rows }}', outputs: {rows: rows.txt}}
  - {name: cut, data_parallelism: {size: 3, data_name: rows}}
  - {name: count, command: 'wc -l < {{ inputs.rows }} > {{ outputs.n }}', outputs: {n: n.txt}}
  - {name: total, data_aggregation: true, code: total}
";

const SCRIPT: &str = "
from expops.core import log_metric

def total(n):
    all = sum(int(path.read_text()) for path in n.values())
    log_metric('all', all)
    open('all.txt', 'w').write(str(all))
    return {'all': all}
";

/// Two mount points over one image and its copies; taken down when dropped.
struct Disk {
    space: Space,
}

impl Disk {
    /// `None` where nothing can be mounted.
    fn new() -> Option<Self> {
        let space = Space::new();
        for folder in ["a", "b"] {
            fs::create_dir(space.path(folder)).unwrap();
        }
        let made =
            space.run("sh", &["-c", "truncate -s 48M disk && mkfs.ext4 -q disk && mount -o loop disk a"]);
        if made.status == 0 {
            return Some(Self { space });
        }
        println!("skipped: no file system can be mounted here: {}", made.err);
        None
    }

    fn within(&self, folder: &str, line: &str) -> Ran {
        let line = format!("cd {folder} && exec timeout {LIMIT} {line}");
        self.space.run("sh", &["-c", &line])
    }

    /// Copies the image as it is at one moment: two copies that are equal. `false` if there is no such moment.
    fn copy(&self, name: &str) -> bool {
        let script = "cp disk $0; for i in 1 2 3 4 5 6 7 8 9 10; do cp disk two; cmp -s $0 two && exit 0; mv two $0; done; exit 1";
        self.space.run("sh", &["-c", script, name]).status == 0
    }

    /// Builds, copies the image at these moments, and at the end; returns when that was, and the copies.
    fn cut(&self, moments: &[Duration]) -> Vec<(Duration, String)> {
        let mut build = self.space.command("timeout");
        build
            .args([LIMIT, "sh", "-c", "cd a && exec expops run"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let (start, mut build) = (Instant::now(), build.spawn().unwrap());
        let mut cuts = Vec::new();
        for moment in moments {
            std::thread::sleep(moment.saturating_sub(start.elapsed()));
            let cut = (start.elapsed(), format!("cut-{}", cuts.len()));
            if self.copy(&cut.1) {
                cuts.push(cut);
            }
        }
        assert!(build.wait().unwrap().success());
        // Long before the contents would be written by themselves.
        cuts.push((start.elapsed(), "cut-last".to_owned()));
        assert!(self.copy("cut-last"));
        cuts
    }

    /// Whether what is in the second folder is right, as far as the build tool says that it is there.
    fn is_right(&self) -> Result<(), String> {
        let expected = [
            ("b/build/total/out/all.json", "2000"),
            ("b/build/total/files/all.txt", "2000"),
            ("b/build/count/p1/out/n.txt", "667"),
            ("b/build/count/p3/out/n.txt", "666"),
        ];
        for (name, content) in expected {
            let found = fs::read_to_string(self.space.path(name)).unwrap_or_default();
            if found.trim() != content {
                return Err(format!("{name} is {found:?}"));
            }
        }
        let metrics = fs::read_to_string(self.space.path("b/build/total/metrics.json")).unwrap_or_default();
        if metrics.contains("2000") { Ok(()) } else { Err(format!("the metrics are {metrics:?}")) }
    }

    /// Goes on with what the disk had received.
    fn go_on(&self, moment: Duration, image: &str) {
        self.space.run("mount", &["-o", "loop", image, "b"]).success();
        println!("cut after {moment:?}");
        check_stamps(&self.space.path("b/build"));
        if self.space.exists("b/build.ninja") {
            let ran = self.within("b", "ninja");
            if ran.status == 0 {
                let right = self.is_right();
                assert!(right.is_ok(), "cut after {moment:?}: ninja believes it, but {right:?}");
            }
        }
        let ran = self.within("b", "expops run");
        assert_eq!(ran.status, 0, "cut after {moment:?}: {}{}", ran.out, ran.err);
        let right = self.is_right();
        assert!(right.is_ok(), "cut after {moment:?}: {right:?}");
        self.space.run("umount", &["b"]).success();
        fs::remove_file(self.space.path(image)).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for folder in ["a", "b"] {
            self.space.run("umount", &["-l", folder]);
        }
    }
}

/// How long a build takes here.
fn usual() -> Duration {
    let space = Space::new();
    write(&space, ".");
    let start = Instant::now();
    space.expops(&["run"]).success();
    start.elapsed()
}

fn write(space: &Space, folder: &str) {
    space.write(&format!("{folder}/expops.yaml"), PROJECT);
    space.write(&format!("{folder}/main.py"), SCRIPT);
}

/// Half of them in a build that takes as long as `usual`, half perhaps after it.
fn moments(random: &mut Random, count: u64, usual: Duration) -> Vec<Duration> {
    let mut moment = |number| {
        let end = if number % 2 == 0 { usual } else { usual + AFTER };
        Duration::from_millis(random.below(end.as_millis().try_into().unwrap()))
    };
    let mut moments: Vec<_> = (0..count).map(&mut moment).collect();
    moments.sort();
    moments
}

#[test]
fn nothing_that_a_power_cut_left_is_believed_and_wrong() {
    let mut left = number("EXPOPS_TEST_CUTS").unwrap_or(CUTS);
    let (mut random, usual) = (Random::seeded(), usual());
    while left > 0 {
        let Some(disk) = Disk::new() else { return };
        write(&disk.space, "a");
        disk.space.run("sync", &["-f", "a"]).success();
        let cuts = disk.cut(&moments(&mut random, left.min(CUTS_OF_A_BUILD), usual));
        for (moment, image) in &cuts {
            disk.go_on(*moment, image);
        }
        left = left.saturating_sub(cuts.len() as u64);
    }
}
