//! The account of cores, memory and devices in a build folder, from which instances take what their `resources` ask
//! for: all or nothing, first come, first served. What an instance has taken is a file that it holds a lock on, so the
//! kernel releases it when the instance's `exec` ends, however that ends. Builds that share the folder share the
//! account.

use std::fs;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::allotment::Allotment;
use super::machine::Machine;
use crate::exec::failure::Failure;
use crate::file;
use crate::layout::Layout;
use crate::lock::{Held, Lock, is_held};
use crate::signals;
use crate::variable::{MACHINE_CPUS, MACHINE_MEMORY};

/// How long the first in the queue waits before it looks again; those behind it wait longer.
const STEP: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(500);

/// The suffixes of the files of those who wait and of those who have taken something, after a number.
const WAITS: &str = "waits";
const TAKEN: &str = "taken";

/// Amounts that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Amounts {
    cpus: u64,
    memory: u64,
    devices: Vec<String>,
}

/// Takes what `allotment` asks for, names the devices in it, and returns how long it had to wait. If the allotment asks
/// for nothing, nothing is taken or waited for.
///
/// # Errors
/// If it asks for more than the machine has, the account cannot be written, or a signal stops the wait.
pub(in crate::exec) fn take(
    allotment: &mut Allotment,
    is_said: bool,
    layout: &Layout,
) -> Result<(Option<Held>, Duration), Failure> {
    if !is_said {
        return Ok((None, Duration::ZERO));
    }
    let machine = Machine::here();
    insist_on_less(allotment, &machine)?;
    let account = Account { folder: layout.account() };
    file::insist_on_no_links(layout.build(), &account.folder.join(WAITS))?;
    file::create_folder(&account.folder)?;
    let start = Instant::now();
    let ticket = account.queue()?;
    loop {
        let ahead = match account.turn(&ticket, allotment, &machine)? {
            Turn::Taken(held) => return Ok((Some(held), start.elapsed())),
            Turn::Behind(ahead) => ahead,
        };
        let pause = LONGEST.min(STEP * (1 + u32::try_from(ahead).unwrap_or(u32::MAX).min(100)));
        if let Some(signal) = signals::pause(pause).unwrap_or_default() {
            return Err(Failure::new(format!("interrupted by signal {signal}")));
        }
    }
}

/// Insists that the machine has as much as `allotment` asks for.
fn insist_on_less(allotment: &Allotment, machine: &Machine) -> Result<(), Failure> {
    let (memory, gpus) = (allotment.memory.unwrap_or_default(), allotment.gpus.unwrap_or_default() as usize);
    let (what, asked, has) = if u64::from(allotment.cpus) > machine.cpus {
        ("cpus", u64::from(allotment.cpus), machine.cpus)
    } else if memory > machine.memory {
        ("bytes of memory", memory, machine.memory)
    } else if gpus > machine.devices.len() {
        ("gpus", gpus as u64, machine.devices.len() as u64)
    } else {
        return Ok(());
    };
    let failure = Failure::new(format!("it asks for {asked} {what}, and this machine has {has}"));
    let (cpus, memory) = (MACHINE_CPUS.name, MACHINE_MEMORY.name);
    Err(failure.help(format!(
        "write less under `resources`; `expops run --cpus N --memory AMOUNT`, or {cpus} and {memory}, say what there is"
    )))
}

/// Whether it is one's turn.
enum Turn {
    Taken(Held),
    /// How many are ahead in the queue.
    Behind(usize),
}

/// A place in the queue.
struct Ticket {
    number: u64,
    waits: Held,
}

struct Account {
    folder: Utf8PathBuf,
}

impl Account {
    /// Exclusive access: nobody else reads or changes the account meanwhile.
    fn alone(&self) -> Result<Lock, Failure> {
        Ok(Lock::wait(&self.folder.join("lock"))?)
    }

    fn path(&self, number: u64, what: &str) -> Utf8PathBuf {
        self.folder.join(format!("{number}.{what}"))
    }

    /// Queues up behind everybody already there.
    fn queue(&self) -> Result<Ticket, Failure> {
        let _alone = self.alone()?;
        let all = [self.living(WAITS, None)?, self.living(TAKEN, None)?].concat();
        let number = all.into_iter().max().unwrap_or_default() + 1;
        Ok(Ticket { number, waits: self.hold(number, WAITS)? })
    }

    fn hold(&self, number: u64, what: &str) -> Result<Held, Failure> {
        Ok(Held::new(self.path(number, what))?)
    }

    /// Takes what `allotment` asks for, if nobody is ahead and enough is left.
    fn turn(&self, ticket: &Ticket, allotment: &mut Allotment, machine: &Machine) -> Result<Turn, Failure> {
        let _alone = self.alone()?;
        let ahead = self.living(WAITS, Some(ticket.number))?.iter().filter(|n| **n < ticket.number).count();
        if ahead > 0 {
            return Ok(Turn::Behind(ahead));
        }
        let read = |number: u64| file::read_regular_text(self.path(number, TAKEN)).unwrap_or_default();
        let taken = self.living(TAKEN, None)?.into_iter().map(read);
        let taken: Vec<Amounts> = taken.filter_map(|text| serde_json::from_str(&text).ok()).collect();
        let Some(mine) = fitting(allotment, machine, &taken) else { return Ok(Turn::Behind(0)) };
        let held = self.hold(ticket.number, TAKEN)?;
        let text = serde_json::to_string(&mine).map_err(|error| Failure::new(error.to_string()))?;
        file::context(fs::write(held.path(), text), "write", held.path())?;
        let _ = fs::remove_file(ticket.waits.path());
        allotment.devices = mine.devices;
        Ok(Turn::Taken(held))
    }

    /// The numbers of those whose files exist and who are alive; `own` is the caller's. Files of the dead are removed.
    fn living(&self, what: &str, own: Option<u64>) -> Result<Vec<u64>, Failure> {
        let entries = file::context(self.folder.read_dir_utf8(), "read", &self.folder)?.flatten();
        let number = |name: &str| name.strip_suffix(what)?.strip_suffix('.')?.parse().ok();
        let numbers: Vec<u64> = entries.filter_map(|entry| number(entry.file_name())).collect();
        let mut living = Vec::new();
        for number in numbers {
            if own == Some(number) || is_held(&self.path(number, what))? {
                living.push(number);
            }
        }
        Ok(living)
    }
}

/// What `allotment` gets, if enough is left beside what is `taken`.
fn fitting(allotment: &Allotment, machine: &Machine, taken: &[Amounts]) -> Option<Amounts> {
    let sum = |of: fn(&Amounts) -> u64| taken.iter().map(of).fold(0, u64::saturating_add);
    let (cpus, memory) = (u64::from(allotment.cpus), allotment.memory.unwrap_or_default());
    let is_free = |device: &&String| taken.iter().all(|amounts| !amounts.devices.contains(device));
    let wanted = allotment.gpus.unwrap_or_default() as usize;
    let devices: Vec<String> = machine.devices.iter().filter(is_free).take(wanted).cloned().collect();
    let fits = sum(|amounts| amounts.cpus).saturating_add(cpus) <= machine.cpus
        && sum(|amounts| amounts.memory).saturating_add(memory) <= machine.memory
        && devices.len() == wanted;
    fits.then_some(Amounts { cpus, memory, devices })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine { cpus: 4, memory: 100, devices: ["0", "3"].map(str::to_owned).to_vec() }
    }

    fn asks(cpus: u32, memory: u64, gpus: u32) -> Allotment {
        Allotment { cpus, memory: Some(memory), gpus: Some(gpus), ..Allotment::default() }
    }

    #[test]
    fn all_amounts_fit_or_nothing_is_taken() {
        let first = fitting(&asks(2, 50, 1), &machine(), &[]).unwrap();
        assert_eq!(first.devices, ["0"]);
        let taken = [first];
        assert_eq!(fitting(&asks(2, 50, 1), &machine(), &taken).unwrap().devices, ["3"]);
        for (cpus, memory, gpus) in [(3, 0, 0), (1, 51, 0), (1, 1, 2)] {
            assert_eq!(fitting(&asks(cpus, memory, gpus), &machine(), &taken), None);
            insist_on_less(&asks(cpus, memory, gpus), &machine()).unwrap();
        }
        let told =
            |cpus, memory, gpus| insist_on_less(&asks(cpus, memory, gpus), &machine()).unwrap_err().message;
        assert_eq!(told(5, 1, 1), "it asks for 5 cpus, and this machine has 4");
        assert_eq!(told(1, 101, 1), "it asks for 101 bytes of memory, and this machine has 100");
        assert_eq!(told(1, 1, 3), "it asks for 3 gpus, and this machine has 2");
    }

    #[test]
    fn who_came_first_takes_first_and_the_dead_hold_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let account = Account { folder: Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap() };
        let (mut large, mut small) = (asks(4, 0, 0), asks(1, 0, 0));
        let first = account.queue().unwrap();
        let Turn::Taken(held) = account.turn(&first, &mut small, &machine()).unwrap() else { panic!() };
        let (second, third) = (account.queue().unwrap(), account.queue().unwrap());
        // The small one would fit, but waits for the large one.
        assert!(matches!(account.turn(&second, &mut large, &machine()).unwrap(), Turn::Behind(0)));
        assert!(matches!(account.turn(&third, &mut small, &machine()).unwrap(), Turn::Behind(1)));
        // A file that nobody holds a lock on belongs to a process that died.
        fs::write(account.path(0, TAKEN), r#"{"cpus": 4, "memory": 0, "devices": []}"#).unwrap();
        drop(held);
        let Turn::Taken(held) = account.turn(&second, &mut large, &machine()).unwrap() else { panic!() };
        drop(second);
        assert!(matches!(account.turn(&third, &mut small, &machine()).unwrap(), Turn::Behind(0)));
        drop(held);
        let Turn::Taken(_) = account.turn(&third, &mut small, &machine()).unwrap() else { panic!() };
        assert!(!account.path(0, TAKEN).exists());
    }
}
