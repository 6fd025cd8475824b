//! A consumer of notices that is slow holds nothing up, and misses nothing.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::support::{Cluster, client, connection, key, n, open, within};
use lease::{Access, Caching, Disposition, Open};
use rpc::client::{Notice, Server};

/// More than the client keeps for its consumer.
const FILES: u128 = 4300;
/// Opens at a time.
const WORKERS: u128 = 100;

/// Opens all files, many at a time.
async fn open_all(server: &Server, make: impl Fn(u128) -> Open + Clone + Send + 'static) {
    let mut workers = Vec::new();
    for worker in 0..WORKERS {
        let (server, make) = (server.clone(), make.clone());
        workers.push(tokio::spawn(async move {
            for number in (worker..FILES).step_by(WORKERS as usize) {
                server.open(make(number)).await.expect("opened");
            }
        }));
    }
    for worker in workers {
        within("the opens", worker).await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn breaks_that_nobody_takes_hold_nothing_up_and_all_come_in_the_end() {
    let cluster = Cluster::form(3).await;
    let (holder, mut notices) = cluster.server(1, n(1)).await;
    let (writer, _writers) = cluster.server(2, n(2)).await;
    let held = holder.start_session(client(1), connection(1)).await.expect("a session");
    let session = writer.start_session(client(2), connection(1)).await.expect("a session");
    open_all(&holder, move |number| open(held, number, number, Caching::R)).await;
    // An overwrite takes R away at once: nobody acknowledges, and nobody waits.
    let overwrite = move |number| Open {
        access: Access(crate::support::READ_WRITE),
        disposition: Disposition::Overwrite,
        parent: None,
        created: false,
        delete_on_close: false,
        lease: None,
        ..open(session, number, number, Caching::None)
    };
    open_all(&writer, overwrite).await;

    // The holder has not taken a single notice, and is served as ever.
    for _ in 0..10 {
        let other = holder.start_session(client(3), connection(3)).await.expect("replies go on");
        holder.end_session(other).await.expect("replies go on");
    }
    assert!(holder.fence().borrow().allows(Instant::now()), "renewals go on");

    let mut broken = BTreeSet::new();
    while broken.len() < FILES as usize {
        match within("a notice", notices.recv()).await.expect("the life goes on") {
            Notice::Break { notice, .. } => {
                assert_eq!((notice.from, notice.into), (Caching::R, Caching::None));
                assert!(broken.insert(notice.key), "{} was told twice", notice.key);
            }
            Notice::Attached(_) | Notice::Detached { .. } => {}
            other @ (Notice::Revoked { .. }
            | Notice::OplockBreak { .. }
            | Notice::OplockRevoked { .. }
            | Notice::Recall { .. }
            | Notice::DelegationRevoked { .. }
            | Notice::Delete { .. }
            | Notice::Evicted { .. }
            | Notice::Fenced) => panic!("{other:?}"),
        }
    }
    assert_eq!((broken.first(), broken.last()), (Some(&key(0)), Some(&key(FILES - 1))));
}
