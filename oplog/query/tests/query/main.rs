//! Queries of small ponds, which are made through the oplog's own interface. One binary has them all: each links DataFusion.

mod corrupt;
mod errors;
mod files;
mod history;
mod names;
mod output;
mod parameters;
mod random;
mod refused;
mod support;
