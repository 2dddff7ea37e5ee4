//! How fast frames are read and written, in bytes of text per second.
//!
//! `cargo bench --bench io`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mlmd::io::{self, ReadOptions, WriteOptions};
use std::fmt::Write;
use std::hint::black_box;

/// Frames of 10 000 atoms with forces, eight decimals as ASE writes them.
fn extended_xyz(frames: usize) -> String {
    let mut text = String::new();
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for _ in 0..frames {
        text.push_str(
            "10000\nLattice=\"50 0 0 0 50 0 0 0 50\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5\n",
        );
        for atom in 0..10_000 {
            let _ = write!(text, "{:<2}", ["Li", "La", "Zr", "O"][atom / 2500]);
            for _ in 0..3 {
                let _ = write!(text, " {:16.8}", 50.0 * random());
            }
            for _ in 0..3 {
                let _ = write!(text, " {:16.8}", random() - 0.5);
            }
            text.push('\n');
        }
    }
    text
}

fn frames(c: &mut Criterion) {
    let text = extended_xyz(5);
    let mut group = c.benchmark_group("io");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
    group.bench_function("read extxyz", |b| {
        b.iter(|| {
            let frames = io::open_text("bench", text.as_str(), &ReadOptions::default());
            for frame in frames.expect("the text is valid") {
                black_box(frame.expect("the text is valid"));
            }
        });
    });
    let read: Vec<_> = io::open_text("bench", text.as_str(), &ReadOptions::default())
        .and_then(Iterator::collect)
        .expect("the text is valid");
    let directory = tempfile::tempdir().expect("a folder for temporary files");
    let path = directory.path().join("bench.extxyz");
    let write = || {
        let mut out = io::create(&path, None, &WriteOptions::default())?;
        read.iter().try_for_each(|frame| out.write(frame))?;
        out.finish()
    };
    write().expect("a file can be written");
    let size = std::fs::metadata(&path).expect("the file was written").len();
    group.throughput(Throughput::Bytes(size));
    group.bench_function("write extxyz", |b| b.iter(|| write().expect("a file can be written")));
    // A frame of a trajectory as a run writes it: what to compare with the time of a step.
    let path = directory.path().join("bench.h5");
    let options = WriteOptions { precision: io::Precision::Single };
    let write = || {
        let mut out = io::create(&path, None, &options)?;
        read.iter().try_for_each(|frame| out.write(frame))?;
        out.finish()
    };
    group.throughput(Throughput::Elements(read.len() as u64));
    group.bench_function("write h5md, frames of 10 000 atoms", |b| {
        b.iter(|| write().expect("a file can be written"));
    });
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
