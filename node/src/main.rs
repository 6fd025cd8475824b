//! tenure

fn main() {}
