//! Compiles the protocol files. The compiler is a library, so that nobody needs protoc.

use std::error::Error;
use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 5] = [
    "proto/tenure/v1/command.proto",
    "proto/tenure/v1/outcome.proto",
    "proto/tenure/v1/lease.proto",
    "proto/tenure/v1/admin.proto",
    "proto/tenure/peer/v1/peer.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("tenure.bin");
    std::fs::write(out, descriptors.encode_to_vec())?;
    // Peers exchange batches of log entries: as `Bytes` they are not copied on the way.
    tonic_prost_build::configure().bytes(".tenure.peer.v1").emit_rerun_if_changed(false).compile_fds(descriptors)?;
    Ok(())
}
