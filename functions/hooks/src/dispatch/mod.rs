//! The dispatcher: claims due messages, sends them, records what became of them.
//!
//! What may go, when and how often is decided by the database (`supabase/migrations/*_moments_nearby.sql`);
//! any number of dispatchers may run at once. A dispatcher that dies leaves leases that run out.

mod look_up;
mod send;

use edge::App;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use look_up::Uncertain;
use messaging::Channel;
use send::{Message, Outcome, Providers};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use supabase::Identity;
use uuid::Uuid;

/// Connections at once: the platform makes the seventh wait, and its deadline would run meanwhile.
const CONNECTIONS: usize = 6;
/// Messages of one claim: some seconds of work, so that little waits when the Worker dies.
const BATCH: usize = 100;
/// The next claim is made when no more than this are left to send: it must be back before they
/// are gone, with providers that answer in 50 ms.
const RESERVE: usize = 40;
/// Nor while one of these goes later than this, unless somebody asks: with a pace, a claim after every record would
/// bring a message or none.
const AHEAD_MS: u64 = 2_000;
/// Claims begin at least so far apart, unless one brought as many messages as it may: what is written meanwhile goes
/// with the next one. A claim and the record of its results cost the database, before the first message, what twenty
/// messages in them do.
const CLAIM_EVERY_MS: u64 = 250;
/// Results are recorded when so many wait.
const RECORD_AT: usize = BATCH;
/// A result waits no longer for others to come: until it is recorded it is lost with the Worker.
const RECORD_AFTER_MS: u64 = 250;
/// A call to the project that failed is made again after this.
const AGAIN_MS: u64 = 1_000;
/// A message that has a moment of its own begins at most so much later: the moments after that are those of
/// other messages, and who makes up for lost time sends faster than the pace allows.
const LATE_MS: u64 = 250;
/// A connection on which nothing has come for so long is not counted on when more is claimed.
const STUCK_MS: u64 = 2_000;
/// How far ahead one waits for what is due soon; the cron comes every minute.
const WAIT_MS: u64 = 10_000;
/// How often one looks whether there was another call to look.
const LOOK_EVERY_MS: u64 = 500;
/// Longest lease: the database begins nothing in its last half minute.
const LEASE_MS: u64 = 60_000;
/// Shortest lease: an attempt at its middle has [`send::LEAST_MS`] and time to be recorded.
const LEAST_LEASE_MS: u64 = 20_000;
/// The end of a lease is for recording.
const RECORD_MS: u64 = 3_000;
/// Nothing is claimed any more when less than this is left to begin attempts.
const CLAIM_MS: u64 = 5_000;
/// A run makes no promise to look again when less than this is left to begin attempts: it looks every
/// [`LOOK_EVERY_MS`], and a claim under way comes first.
const PROMISE_MS: u64 = CLAIM_MS + 2_000;
/// Results that are kept while the project does not answer.
const RESULTS_MAX: usize = 500;
/// A call to the project takes no longer.
const CALL_MS: u64 = 15_000;

const WHY: &str = "messages are sent on behalf of nobody who is present";

/// What one run may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Attempts begin within this.
    pub begin: Duration,
    /// Attempts end within this; the rest of what the platform grants is for recording.
    pub end: Duration,
    /// Messages at most.
    pub messages: usize,
}

impl Budget {
    /// For the cron: it comes every minute and may take 15. An invocation makes 10,000 requests at
    /// most, and a message takes one, with its share of claims and records.
    pub const CRON: Self =
        Self { begin: Duration::from_secs(55), end: Duration::from_secs(75), messages: 8_000 };
    /// After an answer: the platform grants 30 s.
    pub const AFTER_ANSWER: Self =
        Self { begin: Duration::from_secs(20), end: Duration::from_secs(26), messages: 4_000 };
}

/// What one run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Another run of this isolate has the turn, and looks once more.
    pub busy: bool,
    /// Calls to the project.
    pub calls: usize,
    /// Messages that were claimed.
    pub claimed: usize,
    /// Of these, those a provider has.
    pub accepted: usize,
    /// Those to be tried again later.
    pub retried: usize,
    /// Those refused for good.
    pub refused: usize,
    /// Those nobody knows about.
    pub uncertain: usize,
    /// Those there was no time for.
    pub not_sent: usize,
    /// Uncertain messages that were looked up.
    pub looked_up: usize,
    /// Results that could not be recorded; their leases run out.
    pub unrecorded: usize,
}

/// Sends messages. In each isolate one run has the turn, and looks again for whoever asks; beside it those that gave
/// theirs up come to their end.
pub struct Dispatcher {
    app: App,
    providers: Providers,
    /// Until when a run is at it, in Unix milliseconds. A run that was dropped on its way does not
    /// say so.
    busy_until: AtomicU64,
    /// Whether somebody asked to look meanwhile.
    again: AtomicBool,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("providers", &self.providers).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// With the providers that are configured.
    pub fn new(app: App) -> Self {
        Self {
            providers: Providers::new(&app),
            app,
            busy_until: AtomicU64::new(0),
            again: AtomicBool::new(false),
        }
    }

    /// Sends what is due, as far as the budget goes. Where nothing is due that costs one call, and
    /// where no provider or no secret key is configured none.
    ///
    /// Its future belongs to the thread that began it, as an invocation of a Worker does.
    pub async fn run(&self, budget: Budget) -> Summary {
        if self.providers.channels().next().is_none() || self.app.config().secret_key.is_none() {
            return Summary::default();
        }
        let Some(turn) = self.take_turn(budget) else {
            self.look_again();
            return Summary { busy: true, ..Summary::default() };
        };
        let done = Run::new(self, budget, turn).go().await;
        if done.claimed + done.looked_up > 0 {
            let line = json!({ "message": "messages were dispatched", "level": "info", "dispatch": format!("{done:?}") });
            self.app.platform().log(&line.to_string());
        }
        done
    }

    /// Has the run that is at it look once more, if there is one that still has the time: then nobody needs to
    /// begin another.
    pub fn look_again(&self) -> bool {
        let busy = self.app.platform().now_ms() < self.busy_until.load(Ordering::Relaxed);
        if busy {
            // A run looks at this before it gives up its turn, with nothing in between.
            self.again.store(true, Ordering::Relaxed);
        }
        busy
    }

    fn take_turn(&self, budget: Budget) -> Option<Turn<'_>> {
        let now = self.app.platform().now_ms();
        let busy_until = self.busy_until.load(Ordering::Relaxed);
        let end = now + milliseconds(budget.end) + CALL_MS;
        let ours = busy_until <= now
            && self
                .busy_until
                .compare_exchange(busy_until, end, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        // Not `then_some`: a turn that is made and dropped would end the one there is.
        ours.then(|| Turn { busy_until: &self.busy_until, end })
    }
}

/// Ends with the run, or when that can no longer be sure to claim again. Another may begin then.
struct Turn<'a> {
    busy_until: &'a AtomicU64,
    end: u64,
}

impl Turn<'_> {
    /// Not where it was over long ago and is another's now.
    fn is_held(&self) -> bool {
        self.busy_until.load(Ordering::Relaxed) == self.end
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Self { busy_until, end } = *self;
        busy_until.compare_exchange(end, 0, Ordering::Relaxed, Ordering::Relaxed).ok();
    }
}

/// A claimed message.
struct Waiting {
    message: Message,
    /// Not before this.
    start: u64,
    /// Not after this, where its channel has a pace.
    latest: Option<u64>,
    /// Our lease, in our clock.
    lease_end: u64,
}

/// Something that was begun and is done.
enum Done {
    Claimed { began: u64, lease_ms: u64, most: usize, answer: Result<Value, supabase::Error> },
    Sent { began: u64, channel: Channel, outcome: Outcome },
    Recorded { results: Vec<Value>, answer: Result<Value, supabase::Error> },
    LookedUp { messages: usize },
    Tick,
}

/// One run.
struct Run<'a> {
    dispatcher: &'a Dispatcher,
    /// As long as it looks again for others.
    turn: Option<Turn<'a>>,
    name: String,
    begin_until: u64,
    end: u64,
    /// Messages that may still be claimed.
    left: usize,
    queue: VecDeque<Waiting>,
    results: Vec<Value>,
    /// When results are recorded at the latest.
    record_at: u64,
    /// After a failure, when at the earliest.
    record_from: u64,
    uncertain: Vec<Uncertain>,
    /// When to claim.
    claim_at: Option<u64>,
    /// When at the earliest.
    claim_from: u64,
    /// Whether somebody asked since the last claim: what is urgent may be there.
    asked: bool,
    connections: usize,
    /// When the attempts under way began.
    sending: Vec<u64>,
    claiming: bool,
    recording: bool,
    tick_at: Option<u64>,
    /// Messages were given back because their moment had passed: they are due.
    behind: bool,
    /// A provider asked to wait: its channel goes on at this time.
    hold: [Option<u64>; 2],
    summary: Summary,
}

impl<'a> Run<'a> {
    fn new(dispatcher: &'a Dispatcher, budget: Budget, turn: Turn<'a>) -> Self {
        let now = dispatcher.app.platform().now_ms();
        Self {
            dispatcher,
            turn: Some(turn),
            name: Uuid::new_v4().to_string(),
            begin_until: now + milliseconds(budget.begin),
            end: now + milliseconds(budget.end),
            left: budget.messages,
            queue: VecDeque::new(),
            results: Vec::new(),
            record_at: 0,
            record_from: 0,
            uncertain: Vec::new(),
            claim_at: Some(now),
            claim_from: now,
            asked: true,
            connections: 0,
            sending: Vec::new(),
            claiming: false,
            recording: false,
            tick_at: None,
            behind: false,
            hold: [None; 2],
            summary: Summary::default(),
        }
    }

    fn now(&self) -> u64 {
        self.dispatcher.app.platform().now_ms()
    }

    /// Begins what can begin, waits for what is done, until nothing is left to do.
    async fn go(mut self) -> Summary {
        let mut flying = FuturesUnordered::new();
        loop {
            let now = self.now();
            self.begin(&flying, now);
            if self.connections == 0 && !self.has_more(now) {
                break;
            }
            self.set_tick(&flying, now);
            match flying.next().await {
                Some(done) => self.take(done),
                None => break,
            }
        }
        self.summary.unrecorded = self.results.len();
        if self.summary.unrecorded > 0 {
            self.log("results could not be recorded; their leases run out", &"no time was left");
        }
        self.summary
    }

    /// Whether the run goes on though nothing is under way.
    fn has_more(&self, now: u64) -> bool {
        !self.queue.is_empty()
            || (!self.results.is_empty() && now < self.end)
            || self.claims(now)
            || self.hold.iter().flatten().any(|until| self.goes_on(*until))
    }

    /// Whether another claim will be made.
    fn claims(&self, now: u64) -> bool {
        self.left > 0
            && self.results.len() < RESULTS_MAX
            && self.next_claim().is_some_and(|at| self.goes_on(at))
            && self.open_channels(now).next().is_some()
    }

    fn next_claim(&self) -> Option<u64> {
        self.claim_at.map(|at| at.max(self.claim_from))
    }

    /// Whether there is still time to claim then.
    fn goes_on(&self, at: u64) -> bool {
        at + CLAIM_MS <= self.begin_until
    }

    /// The channels whose provider does not make us wait.
    fn open_channels(&self, now: u64) -> impl Iterator<Item = &'static str> {
        let usable = self.dispatcher.providers.channels();
        usable.filter(move |channel| self.held(*channel) <= now).map(Channel::name)
    }

    fn held(&self, channel: Channel) -> u64 {
        self.hold.get(send::place(channel)).copied().flatten().unwrap_or_default()
    }

    fn begin(&mut self, flying: &FuturesUnordered<LocalBoxFuture<'a, Done>>, now: u64) {
        let ours = self.turn.as_ref().is_some_and(Turn::is_held);
        if ours && self.dispatcher.again.swap(false, Ordering::Relaxed) {
            self.claim_at = Some(now);
            self.asked = true;
        }
        // What is written from now on may be more than it can claim, after the claim that may be under way.
        if self.left < 2 * BATCH || now + PROMISE_MS > self.begin_until {
            self.turn = None;
        }
        // What waited for a provider is due.
        for hold in &mut self.hold {
            if hold.take_if(|until| *until <= now).is_some() {
                self.claim_at = Some(now);
            }
        }
        self.give_up_what_is_late(now);

        let idle = self.sending.is_empty() && self.next_start().is_none_or(|start| start > now);
        let due = idle || now >= self.record_at || self.results.len() >= RECORD_AT;
        let may = !self.recording && now >= self.record_from && now < self.end;
        if may && due && !self.results.is_empty() {
            self.recording = true;
            self.connections += 1;
            flying.push(self.record());
        }

        if !self.uncertain.is_empty() {
            self.connections += 1;
            flying.push(self.look_up());
        }

        let provided = self.queue.iter().any(|waiting| waiting.start > now + AHEAD_MS);
        let low = self.queue.len() <= RESERVE && (self.asked || !provided);
        if !self.claiming
            && low
            && self.claims(now)
            && self.next_claim().is_some_and(|at| at <= now)
        {
            self.claiming = true;
            // What is asked for from now on is not in this claim.
            self.claim_at = None;
            self.asked = false;
            self.claim_from = now + CLAIM_EVERY_MS;
            self.connections += 1;
            flying.push(self.claim(now));
        }

        while self.connections < CONNECTIONS {
            let place = self.queue.iter().position(|waiting| self.start_of(waiting) <= now);
            let Some(waiting) = place.and_then(|place| self.queue.remove(place)) else { break };
            self.sending.push(now);
            self.connections += 1;
            flying.push(self.send(waiting, now));
        }
    }

    /// When a claimed message may go.
    fn start_of(&self, waiting: &Waiting) -> u64 {
        waiting.start.max(self.held(waiting.message.channel))
    }

    fn next_start(&self) -> Option<u64> {
        self.queue.iter().map(|waiting| self.start_of(waiting)).min()
    }

    /// What an attempt of this message may take, from this moment on.
    fn patience(&self, waiting: &Waiting, from: u64) -> u64 {
        waiting.lease_end.saturating_sub(RECORD_MS).min(self.end).saturating_sub(from)
    }

    /// Gives back what can no longer begin in time: it is claimed again, by us or another dispatcher.
    fn give_up_what_is_late(&mut self, now: u64) {
        let mut place = 0;
        while let Some(waiting) = self.queue.get(place) {
            let from = self.start_of(waiting).max(now);
            let missed = waiting.latest.is_some_and(|latest| from > latest);
            let late = from > self.begin_until || self.patience(waiting, from) < send::LEAST_MS;
            if !late && !missed {
                place += 1;
                continue;
            }
            self.behind |= !late;
            if let Some(waiting) = self.queue.remove(place) {
                self.summary.not_sent += 1;
                self.add_result(now, waiting.message.result(json!({ "outcome": "not_sent" })));
            }
        }
    }

    fn add_result(&mut self, now: u64, result: Value) {
        if self.results.is_empty() {
            self.record_at = now + RECORD_AFTER_MS;
        }
        self.results.push(result);
    }

    fn claim(&self, now: u64) -> LocalBoxFuture<'a, Done> {
        let app = &self.dispatcher.app;
        // The database begins attempts in the first half of a lease, at most: no longer than we do.
        let lease_ms = (2 * self.begin_until.saturating_sub(now)).clamp(LEAST_LEASE_MS, LEASE_MS)
            / 1000
            * 1000;
        let stuck =
            self.sending.iter().filter(|began| now.saturating_sub(**began) > STUCK_MS).count();
        let most = (BATCH * CONNECTIONS.saturating_sub(stuck).max(1) / CONNECTIONS).min(self.left);
        let mut arguments = json!({
            "dispatcher": self.name,
            "max_messages": most,
            "lease_seconds": lease_ms / 1000,
        });
        // Without the argument all channels are meant.
        let channels: Vec<&str> = self.open_channels(now).collect();
        if channels.len() < Channel::ALL.len()
            && let Some(fields) = arguments.as_object_mut()
        {
            fields.insert("channels".into(), json!(channels));
        }
        Box::pin(async move {
            let answer = app
                .project()
                .rpc(Identity::Service(WHY), "claim_outbound_messages", &arguments)
                .await;
            Done::Claimed { began: now, lease_ms, most, answer }
        })
    }

    fn send(&self, waiting: Waiting, now: u64) -> LocalBoxFuture<'a, Done> {
        let providers = &self.dispatcher.providers;
        let patience = Duration::from_millis(self.patience(&waiting, now));
        Box::pin(async move {
            let Waiting { message, .. } = waiting;
            let channel = message.channel;
            let outcome = providers.send(message, patience).await;
            Done::Sent { began: now, channel, outcome }
        })
    }

    fn record(&mut self) -> LocalBoxFuture<'a, Done> {
        let app = &self.dispatcher.app;
        let results: Vec<Value> =
            self.results.drain(..self.results.len().min(RESULTS_MAX)).collect();
        let name = self.name.clone();
        Box::pin(async move {
            let arguments = json!({ "dispatcher": name, "results": results });
            let answer = app
                .project()
                .rpc(Identity::Service(WHY), "record_outbound_results", &arguments)
                .await;
            Done::Recorded { results, answer }
        })
    }

    fn look_up(&mut self) -> LocalBoxFuture<'a, Done> {
        let Dispatcher { app, providers, .. } = self.dispatcher;
        let uncertain = std::mem::take(&mut self.uncertain);
        let name = self.name.clone();
        Box::pin(async move {
            let messages = uncertain.len();
            if let Some(whapi) = providers.whapi() {
                look_up::look_up(app, whapi, &name, uncertain).await;
            }
            Done::LookedUp { messages }
        })
    }

    /// Wakes the loop when something is to begin that nothing else announces.
    fn set_tick(&mut self, flying: &FuturesUnordered<LocalBoxFuture<'a, Done>>, now: u64) {
        let mut next = now + LOOK_EVERY_MS;
        let mut earlier = |at: Option<u64>| {
            if let Some(at) = at.filter(|at| *at > now) {
                next = next.min(at);
            }
        };
        earlier(self.next_start());
        earlier(self.next_claim());
        self.hold.iter().for_each(|until| earlier(*until));
        let record_at = self.record_at.max(self.record_from);
        earlier((!self.results.is_empty()).then_some(record_at));
        if self.tick_at.is_some_and(|at| at > now && at <= next) {
            return;
        }
        self.tick_at = Some(next);
        let sleep = self.dispatcher.app.platform().sleep(Duration::from_millis(next - now));
        flying.push(Box::pin(async move {
            sleep.await;
            Done::Tick
        }));
    }

    fn take(&mut self, done: Done) {
        let now = self.now();
        if !matches!(done, Done::Tick) {
            self.connections -= 1;
        }
        match done {
            Done::Tick => {}
            Done::Claimed { began, lease_ms, most, answer } => {
                self.claiming = false;
                self.summary.calls += 1;
                match answer {
                    Ok(claim) => self.take_claim(now, began + lease_ms, most, claim),
                    Err(error) => {
                        self.log("messages could not be claimed", &error);
                        self.claim_at = Some(now + AGAIN_MS);
                    }
                }
            }
            Done::Sent { began, channel, outcome } => {
                if let Some(place) = self.sending.iter().position(|other| *other == began) {
                    self.sending.swap_remove(place);
                }
                match outcome.kind {
                    send::Kind::Accepted => self.summary.accepted += 1,
                    send::Kind::Retry => self.summary.retried += 1,
                    send::Kind::Refused => self.summary.refused += 1,
                    send::Kind::Uncertain => self.summary.uncertain += 1,
                }
                if let Some(wait) = outcome.hold
                    && let Some(hold) = self.hold.get_mut(send::place(channel))
                {
                    *hold = (*hold).max(Some(now + milliseconds(wait)));
                }
                if let Some(code) = outcome.trouble {
                    self.log(
                        "a provider takes no messages from us",
                        &format!("{}: {code}", channel.name()),
                    );
                }
                self.add_result(now, outcome.result);
            }
            Done::Recorded { results, answer } => {
                self.recording = false;
                self.summary.calls += 1;
                match answer {
                    // What waited for these can go now: a person's next message. What there was no time
                    // for would only come back.
                    Ok(_)
                        if self.behind
                            || results.iter().any(|result| result["outcome"] != "not_sent") =>
                    {
                        self.behind = false;
                        self.claim_at = Some(self.claim_at.map_or(now, |at| at.min(now)));
                    }
                    Ok(_) => {}
                    Err(error) => {
                        self.log("results could not be recorded", &error);
                        // They may have been, though. What was given back may then be ours again, in an
                        // attempt of the same number, which must not be given back by the earlier word:
                        // where that was not recorded, the lease runs out, and the message is looked up.
                        let known = results.into_iter().filter(|one| one["outcome"] != "not_sent");
                        self.results.splice(0..0, known);
                        self.record_from = now + AGAIN_MS;
                    }
                }
            }
            Done::LookedUp { messages } => {
                self.summary.calls += 1;
                self.summary.looked_up += messages;
                self.claim_at = Some(now);
            }
        }
    }
}

impl Run<'_> {
    /// What `claim_outbound_messages` answers. It is read field by field: derived readers of a few types
    /// weigh more than all of this.
    fn take_claim(&mut self, now: u64, lease_end: u64, most: usize, mut claim: Value) {
        let mut list = |name: &str| match claim.get_mut(name).map(Value::take) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        };
        let (messages, uncertain) = (list("messages"), list("uncertain"));
        let next_due_in_ms = claim.get("next_due_in_ms").and_then(Value::as_u64);
        let nothing = messages.is_empty() && uncertain.is_empty();
        if messages.len() >= most {
            // There may be more. That something is due says less: it may have been written since.
            self.claim_from = now;
        }
        self.summary.claimed += messages.len();
        self.left = self.left.saturating_sub(messages.len());
        let read: Vec<Option<Message>> = messages.into_iter().map(Message::read).collect();
        // Without a pace all may go at once.
        let mut paced = [false; 2];
        for message in read.iter().flatten().filter(|message| message.wait_ms > 0) {
            if let Some(paced) = paced.get_mut(send::place(message.channel)) {
                *paced = true;
            }
        }
        for message in read {
            // What cannot be read keeps its lease until that runs out.
            let Some(message) = message else {
                self.log("a message could not be read", &"claim_outbound_messages");
                continue;
            };
            let start = now + message.wait_ms;
            let paced = paced.get(send::place(message.channel)).is_some_and(|paced| *paced);
            let latest = paced.then_some(start + LATE_MS);
            self.queue.push_back(Waiting { start, latest, lease_end, message });
        }
        // Stable: at the same moment the urgent ones stay before the others.
        self.queue.make_contiguous().sort_by_key(|waiting| waiting.start);
        self.uncertain.extend(uncertain.iter().filter_map(Uncertain::read));
        let next_due = next_due_in_ms.filter(|wait| *wait <= WAIT_MS).map(|wait| {
            // What another dispatcher is holding right now is due as well.
            now + if nothing { wait.max(AGAIN_MS) } else { wait }
        });
        self.claim_at = self.claim_at.into_iter().chain(next_due).min();
    }

    fn log(&self, message: &str, cause: &dyn std::fmt::Display) {
        let line = json!({
            "message": message,
            "level": "error",
            "dispatcher": self.name,
            "error.cause": cause.to_string(),
        });
        self.dispatcher.app.platform().log(&line.to_string());
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
