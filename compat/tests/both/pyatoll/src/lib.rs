//! Never compiled: cargo refuses the tree.
