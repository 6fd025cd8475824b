//! The operator's commands.

mod clients;
mod hash;
mod leases;
mod locks;
mod members;
mod operator;
mod status;
mod survey;
mod who;

use rpc::client::Admin;

use crate::cli::{Client, File, Leader, Lease, Lock, Member, Remote, State};
use crate::exit::Failure;
use crate::output::print;

pub(crate) use hash::compare;
pub(crate) use leases::{LeaseReport, pages};
pub(crate) use survey::survey;

fn cluster(remote: &Remote) -> Admin {
    Admin::new(&remote.endpoints, remote.timeout.0)
}

/// `tenure status`.
pub(crate) async fn status(remote: &Remote) -> Result<(), Failure> {
    let report = survey(&cluster(remote), remote.timeout.0).await?;
    print(&report, remote.output)?;
    if report.survives_failures.is_some() { Ok(()) } else { Err(Failure::Unavailable(report.summary)) }
}

/// `tenure lease`.
pub(crate) async fn lease(verb: &Lease) -> Result<(), Failure> {
    match verb {
        Lease::List(list) => print(&leases::list(&cluster(&list.remote), list).await?, list.remote.output),
        Lease::Break(asked) => print(&operator::break_lease(&cluster(&asked.remote), asked).await?, asked.remote.output),
        Lease::Show(show) => print(&leases::show(&cluster(&show.remote), show).await?, show.remote.output),
    }
}

/// `tenure client`.
pub(crate) async fn client(verb: &Client) -> Result<(), Failure> {
    match verb {
        Client::List(list) => print(&clients::list(&cluster(&list.remote), list).await?, list.remote.output),
        Client::Evict(asked) => print(&operator::evict(&cluster(&asked.remote), asked).await?, asked.remote.output),
    }
}

/// `tenure file`.
pub(crate) async fn file(verb: &File) -> Result<(), Failure> {
    let File::Who(who) = verb;
    print(&who::who(&cluster(&who.remote), who).await?, who.remote.output)
}

/// `tenure lock`.
pub(crate) async fn lock(verb: &Lock) -> Result<(), Failure> {
    let Lock::List(list) = verb;
    print(&locks::list(&cluster(&list.remote), list).await?, list.remote.output)
}

/// `tenure member`.
pub(crate) async fn member(verb: &Member) -> Result<(), Failure> {
    let remote = match verb {
        Member::Add(add) => &add.remote,
        Member::Promote(one) | Member::Remove(one) => &one.remote,
    };
    print(&members::change(&cluster(remote), verb).await?, remote.output)
}

/// `tenure leader`.
pub(crate) async fn leader(verb: &Leader) -> Result<(), Failure> {
    let Leader::Transfer(transfer) = verb;
    print(&members::transfer(&cluster(&transfer.remote), transfer).await?, transfer.remote.output)
}

/// `tenure state`.
pub(crate) async fn state(verb: &State) -> Result<(), Failure> {
    let State::Hash(remote) = verb;
    let (report, verdict) = hash::run(&cluster(remote), remote.timeout.0).await?;
    print(&report, remote.output)?;
    verdict
}
