//! What to say about an instance, wherever it is said.

use super::survey::{State, Survey};
use super::why::own;
use crate::exec::{Ended as Last, Why};

/// What a build would do with an instance: the text after its label and a colon.
pub(crate) fn headline(survey: &Survey, index: usize) -> String {
    let looked = &survey.all[index];
    match &looked.state {
        State::Fresh => "is up to date".to_owned(),
        State::Restore => "would come back from the cache".to_owned(),
        State::Run => "would run".to_owned(),
        State::May(_) if !own(survey, index).is_empty() => {
            "would run, or come back from the cache".to_owned()
        }
        State::May(waits) if waits.is_empty() => {
            "would run if the packages of its environment change".to_owned()
        }
        State::May(_) => "would run if what it takes changes".to_owned(),
        State::Blocked(why) => format!("cannot be told: {why}"),
    }
}

/// The outcome of an instance's last run, before the reasons for it.
pub(crate) fn outcome(why: &Why) -> String {
    match (&why.ended, why.first) {
        (Last::Failed(message), _) => format!("it failed last time: {message}"),
        (Last::Ran, true) => "it has run once".to_owned(),
        (Last::Restored, true) => "it has come from the cache once".to_owned(),
        (Last::Ran, false) => "it last ran because".to_owned(),
        (Last::Restored, false) => "it last came from the cache because".to_owned(),
    }
}
