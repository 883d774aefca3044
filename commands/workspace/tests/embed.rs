//! The example runs: a program without the binary's crate.

#[path = "../examples/embed.rs"]
mod embed;

#[test]
fn a_program_embeds_the_library() {
    embed::main().expect("the example runs");
}
