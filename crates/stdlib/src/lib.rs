//! The standard library: packages in Mini source, embedded.
