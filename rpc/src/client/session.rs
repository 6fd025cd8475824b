//! The task that owns everything about one life of one server: its requests, its stream, its fence.

mod deliveries;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lease::Incarnation;
use tokio::sync::{mpsc, oneshot, watch};

use super::connect::{Up, Who};
use super::fence::Fence;
use super::link::{Event, Link, Trouble};
use super::notices::{Notice, Outlet};
use super::options::ServerOptions;
use super::pending::{Asker, Table};
use super::{Attached, CallError, ClientError};
use crate::proto::v1 as pb;
use crate::proto::v1::request::Command as Wire;

/// Requests without an answer at which further opens are refused. Others go on: an acknowledgement may be what the opens wait for.
const OPENS_PENDING_MAX: usize = 8192;
/// Orders taken at once.
const ORDERS_AT_ONCE: usize = 512;
/// Requests in one message: a full one has less than 4 MiB even if all names are as long as they may be.
const REQUESTS_AT_ONCE: usize = 512;
/// How often things that are not urgent are looked after.
const TICK: Duration = Duration::from_millis(50);
/// How long a node may say nothing while an answer is due, before another is tried: longer than most elections.
const SILENCE_MIN: Duration = Duration::from_secs(1);
/// The same after several nodes said nothing: then it is the cluster, and moving on only makes work.
const SILENCE_MAX: Duration = Duration::from_secs(4);
/// Renewals without an answer at which there are no further ones. More than one, since the fence does not wait: a renewal that got
/// lost is made up for by the next, not by its own repeat.
const RENEWALS_PENDING_MAX: usize = 8;
/// How long a request may go unanswered on a stream that works, before it is sent again.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// What the handle wants.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are requests")]
pub(super) enum Order {
    /// A request.
    Ask { sequence: u64, command: Wire, asker: Asker },
    /// Another node.
    MoveTo { address: String, done: oneshot::Sender<Result<(), ClientError>> },
}

/// The next sequence. Locked while a sequence is taken and its order queued, so that orders arrive in the order of sequences: the
/// floor depends on it.
#[derive(Debug, Default)]
pub(super) struct Sequences(Mutex<u64>);

impl Sequences {
    /// Takes the next sequence and hands it to `send` before anyone else gets one.
    pub(super) fn with_next<T>(&self, send: impl FnOnce(u64) -> T) -> T {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        send(*last)
    }
}

/// Why the session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The life is over, or may be.
    Fenced,
    /// In order, or because nobody holds a handle any more.
    Stopped,
}

/// One life of one server.
pub(super) struct Session {
    options: ServerOptions,
    incarnation: Incarnation,
    sequences: Arc<Sequences>,
    orders: mpsc::Receiver<Order>,
    inbox: Vec<Order>,
    table: Table,
    /// The highest sequence that arrived here.
    highest: u64,
    seen_index: u64,
    outlet: Outlet,
    fence: watch::Sender<Fence>,
    attached: watch::Sender<Option<Attached>>,
    link: Link,
    trouble: Trouble,
    outbound: Option<mpsc::Sender<pb::AttachRequest>>,
    last_message: Instant,
    silence: Duration,
    /// Set once the life has begun; the fence holds from then on.
    alive_until: Option<Instant>,
    renew_at: Instant,
    tick_at: Instant,
    moving: Option<(String, oneshot::Sender<Result<(), ClientError>>)>,
    ended: Option<Ended>,
}

/// The ends that the handle keeps.
pub(super) struct Ends {
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) notices: mpsc::Sender<Notice>,
    pub(super) fence: watch::Sender<Fence>,
    pub(super) attached: watch::Sender<Option<Attached>>,
    pub(super) sequences: Arc<Sequences>,
    pub(super) trouble: Trouble,
}

impl Session {
    pub(super) fn new(options: ServerOptions, incarnation: Incarnation, ends: Ends) -> Session {
        let Ends { orders, notices, fence, attached, sequences, trouble } = ends;
        let now = Instant::now();
        let who = Who { server: options.server, incarnation, seen_index: 0 };
        Session {
            link: Link::search(who, options.endpoints.clone(), &trouble),
            trouble,
            incarnation,
            sequences,
            orders,
            inbox: Vec::with_capacity(ORDERS_AT_ONCE),
            table: Table::default(),
            highest: 0,
            seen_index: 0,
            outlet: Outlet::new(notices),
            fence,
            attached,
            outbound: None,
            last_message: now,
            silence: SILENCE_MIN,
            alive_until: None,
            renew_at: now + options.renew_every,
            tick_at: now + TICK,
            moving: None,
            ended: None,
            options,
        }
    }

    /// Runs until the life ends.
    pub(super) async fn run(mut self) {
        let ended = loop {
            if let Some(ended) = self.ended {
                break ended;
            }
            let timer = tokio::time::Instant::from_std(self.next_timer());
            tokio::select! {
                event = self.link.next() => self.on_event(event),
                taken = self.orders.recv_many(&mut self.inbox, ORDERS_AT_ONCE) => {
                    if taken == 0 {
                        break Ended::Stopped;
                    }
                    self.take_inbox();
                }
                () = has_room(self.outbound.as_ref(), self.table.has_unsent()) => self.flush(),
                () = self.outlet.recovered() => {
                    self.outlet.resume();
                    self.search("everything that is owed is fetched again", true);
                }
                () = tokio::time::sleep_until(timer) => self.on_timer(Instant::now()),
            }
        };
        self.finish(ended);
    }

    /// Tells everyone that it is over.
    fn finish(mut self, ended: Ended) {
        tracing::info!(server = %self.options.server, incarnation = %self.incarnation, ?ended, "the server's life has ended");
        self.fence.send_replace(Fence::Fenced);
        self.attached.send_replace(None);
        let error = match ended {
            Ended::Fenced => CallError::Fenced,
            Ended::Stopped => CallError::Unavailable("the client was stopped".to_owned()),
        };
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            self.take(order);
        }
        for pending in self.table.drain() {
            if let Asker::Caller { answer, .. } = pending.asker {
                answer.send(Err(error.clone())).ok();
            }
        }
    }

    /// Takes what the handle wants.
    fn take_inbox(&mut self) {
        let mut inbox = std::mem::take(&mut self.inbox);
        for order in inbox.drain(..) {
            self.take(order);
        }
        self.inbox = inbox;
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Ask { sequence, command, asker } => {
                self.highest = self.highest.max(sequence);
                let refused = matches!(command, Wire::Open(_)) && self.table.len() >= OPENS_PENDING_MAX;
                if refused && let Asker::Caller { answer, .. } = asker {
                    let problem = format!("{OPENS_PENDING_MAX} requests are without an answer already");
                    // The caller may have gone.
                    answer.send(Err(CallError::Unavailable(problem))).ok();
                } else {
                    self.table.add(sequence, command, asker);
                }
            }
            Order::MoveTo { address, done } => {
                if !self.options.endpoints.contains(&address) {
                    self.options.endpoints.push(address.clone());
                }
                self.moving = Some((address, done));
                self.search("the server moves to another node", true);
            }
        }
    }

    /// A request of the session's own. Orders that were given a sequence before are taken first, or the floor would pass them.
    fn ask(&mut self, command: Wire, asker: Asker) {
        let sequences = Arc::clone(&self.sequences);
        sequences.with_next(|sequence| {
            while let Ok(order) = self.orders.try_recv() {
                self.take(order);
            }
            self.take(Order::Ask { sequence, command, asker });
        });
    }

    /// Sends what has gathered. There is room.
    fn flush(&mut self) {
        let Some(outbound) = &self.outbound else { return };
        let floor = self.table.floor(self.highest + 1);
        let requests = self.table.take_unsent(REQUESTS_AT_ONCE, Instant::now());
        let notices_seen = self.outlet.seen().get();
        // A closed stream is noticed by its receiving half, and everything is sent again on the next.
        outbound.try_send(pb::AttachRequest { attach: None, floor, notices_seen, requests }).ok();
    }

    fn next_timer(&self) -> Instant {
        let timer = self.alive_until.map_or(self.tick_at, |until| until.min(self.tick_at));
        self.table.next_retry().map_or(timer, |retry| retry.min(timer))
    }

    /// Looks after everything that depends on time.
    fn on_timer(&mut self, now: Instant) {
        if self.alive_until.is_some_and(|until| until <= now) {
            self.ended = Some(Ended::Fenced);
            return;
        }
        self.table.wake_retries(now);
        if now < self.tick_at {
            return;
        }
        self.tick_at = now + TICK.min(self.options.renew_every / 4);
        if self.alive_until.is_some() && self.renew_at <= now && self.table.renewals() < RENEWALS_PENDING_MAX {
            self.renew_at = now + self.options.renew_every;
            self.ask(Wire::RenewServer(pb::RenewServer {}), Asker::Renewal);
        }
        for sequence in self.table.take_orphans() {
            self.ask(Wire::Cancel(pb::Cancel { sequence }), Asker::Nobody);
        }
        self.table.repeat_lost(now, LOST_AFTER);
        let due = self.table.waiting_since().map(|since| since.max(self.last_message) + self.silence);
        if self.outbound.is_some() && due.is_some_and(|due| due <= now) {
            self.silence = (self.silence * 2).min(SILENCE_MAX);
            self.search("the node does not answer", false);
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Up(up) => self.on_up(*up),
            Event::Message(message) => self.on_message(message),
            Event::Lost(why) => self.search(&why, false),
        }
    }

    /// Looks for a node: the one it is attached to last, or first if it is not to blame.
    fn search(&mut self, why: &str, same_first: bool) {
        let current = self.attached.borrow().as_ref().map(|attached| attached.address.clone());
        if self.outbound.take().is_some() {
            tracing::info!(server = %self.options.server, reason = why, "detached");
            self.attached.send_replace(None);
            self.outlet.tell(Notice::Detached { why: why.to_owned() });
        }
        let mut addresses = self.options.endpoints.clone();
        if let Some(at) = addresses.iter().position(|address| Some(address) == current.as_ref()) {
            addresses.rotate_left(if same_first { at } else { at + 1 });
        }
        if let Some((target, _)) = &self.moving {
            addresses.sort_by_key(|address| address != target);
        }
        let who = Who { server: self.options.server, incarnation: self.incarnation, seen_index: self.seen_index };
        self.link = Link::search(who, addresses, &self.trouble);
    }

    /// A node attached the server.
    fn on_up(&mut self, up: Up) {
        let Up { outbound, inbound, attached } = up;
        tracing::info!(server = %self.options.server, node = %attached.node, address = attached.address, "attached");
        let now = Instant::now();
        let problem = self.trouble.last();
        self.outbound = Some(outbound);
        self.link = Link::Up(Box::new(inbound));
        self.last_message = now;
        self.table.resend_all(now);
        self.attached.send_replace(Some(attached.clone()));
        if let Some((target, done)) = self.moving.take() {
            let result = if target == attached.address {
                Ok(())
            } else {
                Err(ClientError::Unavailable(format!("{problem}; the server is attached to {}", attached.address)))
            };
            // The caller may have given up.
            done.send(result).ok();
        }
        self.outlet.tell(Notice::Attached(attached));
    }
}

/// Waits until there is something to send, and room for it.
async fn has_room(outbound: Option<&mpsc::Sender<pb::AttachRequest>>, wanted: bool) {
    match outbound {
        Some(outbound) if wanted && outbound.reserve().await.is_ok() => {}
        // Nothing to send, or nowhere: another branch changes that.
        _ => std::future::pending().await,
    }
}
