//! Where an instance ran, how long, and what that used, in words.

use crate::journal::Ended;

/// How an instance last ended, in one line: `ran 2.1 s on node3 (CPU 1.9 s, at most 120 MB)`.
pub(super) fn sentence(ended: &Ended) -> String {
    let mut text = match ended.outcome.as_str() {
        "ran" => format!("ran {}", seconds(ended.ran)),
        "restored" => return format!("came from the cache, which saved {}", seconds(ended.ran)),
        other => format!("{} after {}", other.replace('_', " "), seconds(ended.ran)),
    };
    ended.host.iter().for_each(|host| text += &format!(" on {host}"));
    ended.job.iter().for_each(|job| text += &format!(", job {job}"));
    let cpu = ended.cpu.map(|cpu| format!("CPU {}", seconds(cpu)));
    let memory = ended.memory.map(|bytes| format!("at most {}", memory(bytes)));
    let used: Vec<_> = cpu.into_iter().chain(memory).collect();
    if !used.is_empty() {
        text += &format!(" ({})", used.join(", "));
    }
    if ended.attempt > 1 {
        text += &format!(", attempt {}", ended.attempt);
    }
    if ended.waited >= 0.1 {
        text += &format!(", waited {}", seconds(ended.waited));
    }
    text
}

/// A duration in words: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub(super) fn seconds(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no more than is shown")]
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

fn memory(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_places_are_told_in_one_line() {
        let ran = Ended {
            outcome: "ran".to_owned(),
            ran: 95.4,
            cpu: Some(1.25),
            memory: Some(2_345_678_901),
            host: Some("node3".to_owned()),
            job: Some("17".to_owned()),
            attempt: 2,
            waited: 12.0,
            ..Ended::default()
        };
        assert_eq!(
            sentence(&ran),
            "ran 1 min 35 s on node3, job 17 (CPU 1.2 s, at most 2.3 GB), attempt 2, waited 12 s"
        );
        let restored = Ended { outcome: "restored".to_owned(), ran: 7200.0, ..Ended::default() };
        assert_eq!(sentence(&restored), "came from the cache, which saved 2 h 0 min");
        let failed = Ended { outcome: "out_of_memory".to_owned(), ..Ended::default() };
        assert_eq!(sentence(&failed), "out of memory after 0.0 s");
    }
}
