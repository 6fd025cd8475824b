//! Log lines, to standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::LogFormat;
use crate::exit::Failure;

/// Libraries that would drown what the node has to say, openraft by a warning for each heartbeat to a node that is down. A filter that
/// names one of them overrides this.
const QUIET: &str = "openraft=error,sled=warn,h2=warn,hyper=warn,tower=warn,tonic=warn";

/// Starts logging. `filter` is a comma-separated list of levels, each for everything or for one target, as `info` or
/// `warn,raft=debug`.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(format!("{QUIET},{filter}")).map_err(|error| {
        Failure::Usage(format!("log.filter ({filter}) is no filter: {error}; write as in \"info\" or \"warn,raft=debug\""))
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
