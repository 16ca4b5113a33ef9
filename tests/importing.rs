//! Orders that never came as webhooks: imported from files and from Forstok's order API.

mod commands;
mod files;
mod forstok;
mod routes;

use forstok_accurate::{
    domain::import::{Counts, Report},
    importing::{Mode, file::Outcome},
};

use crate::world::{Order, World};

/// Lines as a file has them.
fn lines(orders: &[Order]) -> String {
    let lines: Vec<_> = orders.iter().map(|order| order.body_json().to_string()).collect();
    lines.join("\n") + "\n"
}

/// Imports a file that arrives in pieces of this size.
async fn import_in_pieces(world: &World, file: &[u8], mode: Mode, size: usize) -> Outcome {
    let importer = world.engine.importer();
    let mut reading = importer.read_file(mode);
    for piece in file.chunks(size) {
        reading.add(piece).await.expect("read");
    }
    reading.end().await.expect("read")
}

/// Imports lines of webhook bodies.
async fn import(world: &World, file: &str, mode: Mode) -> Report {
    match import_in_pieces(world, file.as_bytes(), mode, 100).await {
        Outcome::Bodies(report) => report,
        other => panic!("these are bodies: {other:?}"),
    }
}

/// New, newer, same, older, unreadable, ingested.
fn numbers(report: &Report) -> [u64; 6] {
    let Counts { listed, new, newer, same, older, unreadable, ingested } = report.counts;
    assert_eq!(listed, new + newer + same + older + unreadable, "everything is counted once");
    [new, newer, same, older, unreadable, ingested]
}
