//! `cargo xtask bench` builds and runs this.
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use anyhow::{Result, bail};
use posthaste_testkit::bench::{self, HELP, Options};

#[tokio::main]
async fn main() -> Result<()> {
    let Some(options) = Options::read(std::env::args().skip(1))? else {
        print!("{HELP}");
        return Ok(());
    };
    let mut figures = Vec::new();
    for scenario in &options.scenarios {
        eprintln!("measuring: {scenario}");
        figures.extend(bench::run(scenario, &options).await?);
    }
    if options.json {
        println!("{}", bench::json(&figures));
    } else {
        print!("{}", bench::table(&figures));
    }
    let missed = figures.iter().filter(|figure| !figure.good()).count();
    if options.check && missed > 0 {
        bail!("{missed} goals were missed");
    }
    Ok(())
}
