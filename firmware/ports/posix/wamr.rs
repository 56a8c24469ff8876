//! Nothing: cargo wants a source file in a package whose only purpose is its dependency.
