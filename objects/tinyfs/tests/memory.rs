//! The layer in memory.

use pond_tinyfs::{MemoryLayer, conformance};

#[test]
fn the_memory_layer_conforms() {
    conformance::check(&MemoryLayer::new());
}

#[test]
fn the_memory_layer_is_what_the_model_is() {
    for seed in 0..12 {
        let outcome = conformance::run_machine(seed, 1_500, &[&MemoryLayer::new()]);
        // A machine that is refused everything, or nothing, shows little.
        assert!(outcome.changes > 300 && outcome.refusals > 100, "{outcome:?}");
    }
}
