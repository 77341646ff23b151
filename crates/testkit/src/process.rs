//! Private server processes for tests.
