//! The least that a splitter of CSV can do, as a program: find where rows end (by the parity of the
//! quotes), take the SHA-256 of each of eight parts, and write them, on two threads with two streams
//! each. It checks nothing, knows no header and no old stamp. The measure that `bench.py` divides by.
//!
//!     bound FILE FOLDER [scan|hash]

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::thread;

use sha2::block_api::compress256;

const PARTS: u64 = 8;
const THREADS: u64 = 2;
const CHUNK: u64 = 256 << 10;

/// The quotes in a range, and the line feeds at even and odd parity.
fn scan(file: &File, from: u64, to: u64) -> (u64, [u64; 2]) {
    let mut buffer = vec![0; CHUNK as usize];
    let (mut quotes, mut feeds, mut at) = (0, [0; 2], from);
    while at < to {
        let piece = &mut buffer[..CHUNK.min(to - at) as usize];
        file.read_exact_at(piece, at).unwrap();
        for i in memchr::memchr2_iter(b'"', b'\n', piece) {
            if piece[i] == b'"' { quotes += 1 } else { feeds[quotes as usize & 1] += 1 }
        }
        at += piece.len() as u64;
    }
    (quotes, feeds)
}

/// Hashes and writes the two parts that begin and end there, a block of each in turn.
fn pair(file: &File, parts: [(u64, u64); 2], mut out: Option<[File; 2]>) -> [[u32; 8]; 2] {
    let mut states = [[0u32; 8]; 2];
    let mut buffers = [vec![0; CHUNK as usize], vec![0; CHUNK as usize]];
    let mut at = parts.map(|part| part.0);
    while at[0] < parts[0].1 || at[1] < parts[1].1 {
        let mut lengths = [0; 2];
        for i in 0..2 {
            lengths[i] = CHUNK.min(parts[i].1.saturating_sub(at[i])) as usize;
            file.read_exact_at(&mut buffers[i][..lengths[i]], at[i]).unwrap();
            at[i] += lengths[i] as u64;
            if let Some(out) = &mut out {
                out[i].write_all(&buffers[i][..lengths[i]]).unwrap();
            }
        }
        let blocks = [0, 1].map(|i| buffers[i][..lengths[i]].as_chunks::<64>().0);
        for (a, b) in blocks[0].iter().zip(blocks[1]) {
            compress256(&mut states[0], std::slice::from_ref(a));
            compress256(&mut states[1], std::slice::from_ref(b));
        }
    }
    states
}

fn main() {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    let [_, path, folder, rest @ ..] = args.as_slice() else { return };
    let only = rest.first().map(String::as_str);
    let file = &File::open(path).unwrap();
    let len = file.metadata().unwrap().len();
    if only != Some("hash") {
        let found: Vec<_> = thread::scope(|scope| {
            let threads = (0..THREADS)
                .map(|i| scope.spawn(move || scan(file, len * i / THREADS, len * (i + 1) / THREADS)));
            threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|(quotes, feeds)| quotes + feeds[0] + feeds[1] > 0));
    }
    if only == Some("scan") {
        return;
    }
    let part = |i: u64| (len * i / PARTS, len * (i + 1) / PARTS);
    thread::scope(|scope| {
        for t in 0..THREADS {
            scope.spawn(move || {
                for i in (t..PARTS / 2).step_by(THREADS as usize) {
                    let create = |i: u64| File::create(format!("{folder}/{i}")).unwrap();
                    let out = (only != Some("hash")).then(|| [create(2 * i), create(2 * i + 1)]);
                    std::hint::black_box(pair(file, [part(2 * i), part(2 * i + 1)], out));
                }
            });
        }
    });
}
