//! Maps against std's.
