"""Lock files of Rust projects: Cargo."""
