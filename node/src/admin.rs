//! The operator's commands.

mod call;
mod hash;
mod leases;
mod members;
mod status;
mod survey;

use crate::cli::{Leader, Lease, Member, Remote, State};
use crate::exit::Failure;
use crate::output::print;

pub(crate) use call::Cluster;
pub(crate) use hash::compare;
pub(crate) use leases::{Filter, LeaseReport, pages};
pub(crate) use survey::survey;

/// `tenure status`.
pub(crate) async fn status(remote: &Remote) -> Result<(), Failure> {
    let report = survey::survey(&Cluster::new(remote)).await?;
    print(&report, remote.output)?;
    if report.survives_failures.is_some() { Ok(()) } else { Err(Failure::Unavailable(report.summary)) }
}

/// `tenure lease`.
pub(crate) async fn lease(verb: &Lease) -> Result<(), Failure> {
    match verb {
        Lease::List(list) => print(&leases::list(&Cluster::new(&list.remote), list).await?, list.remote.output),
        Lease::Show(show) => print(&leases::show(&Cluster::new(&show.remote), show).await?, show.remote.output),
    }
}

/// `tenure member`.
pub(crate) async fn member(verb: &Member) -> Result<(), Failure> {
    let remote = match verb {
        Member::Add(add) => &add.remote,
        Member::Promote(one) | Member::Remove(one) => &one.remote,
    };
    print(&members::change(&Cluster::new(remote), verb).await?, remote.output)
}

/// `tenure leader`.
pub(crate) async fn leader(verb: &Leader) -> Result<(), Failure> {
    let Leader::Transfer(transfer) = verb;
    print(&members::transfer(&Cluster::new(&transfer.remote), transfer).await?, transfer.remote.output)
}

/// `tenure state`.
pub(crate) async fn state(verb: &State) -> Result<(), Failure> {
    let State::Hash(remote) = verb;
    let (report, verdict) = hash::run(&Cluster::new(remote)).await?;
    print(&report, remote.output)?;
    verdict
}
