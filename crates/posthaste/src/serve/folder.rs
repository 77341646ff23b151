//! The state folder.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::Context;

/// Makes the state folder if it is missing (mode 0700) and proves that we may write there.
pub(crate) fn prepare(state: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state).with_context(|| {
        format!("cannot make the state folder {} (paths.state); make it and give it to the user that runs Posthaste", state.display())
    })?;
    let probe = state.join(".writable");
    std::fs::write(&probe, b"").with_context(|| {
        format!(
            "cannot write to the state folder {} (paths.state); give it to the user that runs Posthaste, or mount it writable",
            state.display()
        )
    })?;
    let _ = std::fs::remove_file(probe);
    Ok(())
}
