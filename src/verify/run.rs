//! Threads that ask, and the control request that comes before them.
//!
//! Before any key is sent to an endpoint, the endpoint must have refused a made-up one: an endpoint
//! that accepts anything proves nothing by accepting. Not here: who is asked.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::answer::{Judgement, judge};
use super::client::{Reply, Trouble};
use super::clock;
use super::gate::{self, Closed, Gate, Pass};
use super::plan::{Job, Lane, Plan, Target};
use super::{Error, Options, missed};
use crate::finding::{Secret, Verdict, Verification};
use crate::rule::{Conclusion, drawn};

/// How often one key is sent at most where the provider asks to come again later.
const MAX_TRIES: u32 = 5;
/// And where it or the way to it is in trouble.
const MAX_TRIES_IN_TROUBLE: u32 = 3;
/// The first wait before another try; each is twice as long as the one before.
const BACKOFF: Duration = Duration::from_millis(250);
/// How often it is looked whether the run was cancelled.
const LOOK: Duration = Duration::from_millis(50);
/// How long requests under way may take to end after that.
const GRACE: Duration = Duration::from_millis(500);

/// One lane at work, shared by its threads.
struct Work {
    targets: Vec<(Target, OnceLock<Control>)>,
    jobs: Mutex<VecDeque<Job>>,
    gate: Gate,
    cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// What became of a made-up key.
enum Control {
    /// It was refused, as it should be.
    Refused,
    /// It was not, in these words, at this time.
    NotRefused(String, i64),
    /// It was not sent, for this reason.
    Unsent(String),
}

/// What became of a key.
enum Told {
    /// This was learned of it, at this time.
    Answer(Judgement, i64),
    /// It was not sent, since the provider is not asked any more.
    GivenUp(String),
    /// It was not sent, since the run was cancelled.
    Cancelled,
}

/// Asks about all of `plan`, and hands each verification with the findings that it is of to `note`.
pub(super) fn run(
    plan: Plan,
    options: &Options,
    mut note: impl FnMut(&[usize], &Verification),
) -> Result<(), Error> {
    let (sender, receiver) = mpsc::channel();
    let mut works = Vec::new();
    for lane in plan.lanes {
        let threads = lane.jobs.len().min(gate::AT_ONCE);
        let work = Arc::new(Work::new(lane, options));
        works.push(Arc::clone(&work));
        for _ in 0..threads {
            let (work, sender) = (Arc::clone(&work), sender.clone());
            let named = thread::Builder::new().name("verify".to_owned());
            let begun = named.spawn(move || work.work(&sender));
            begun.map_err(|e| Error::Start { why: e.to_string() })?;
        }
    }
    drop(sender);
    let mut deadline = None;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok((findings, verification)) => note(&findings, &verification),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if deadline.is_none() && (options.cancelled)() {
            works.iter().for_each(|work| work.end());
            deadline = Some(Instant::now() + GRACE);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(());
        }
    }
}

impl Work {
    fn new(lane: Lane, options: &Options) -> Self {
        let rate = lane.targets.iter().find_map(|t| t.probe.rate);
        Self {
            targets: lane.targets.into_iter().map(|t| (t, OnceLock::new())).collect(),
            jobs: Mutex::new(lane.jobs.into()),
            gate: Gate::new(rate),
            cancelled: Arc::clone(&options.cancelled),
        }
    }

    /// One thread: asks until nothing is left.
    fn work(&self, sender: &Sender<(Vec<usize>, Verification)>) {
        loop {
            let job = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(job) = job else { return };
            if (self.cancelled)() {
                return;
            }
            // A mistake of ours in one check must not take the others' verdicts away.
            let checked = panic::catch_unwind(AssertUnwindSafe(|| self.check(&job)));
            let failed = || {
                let url = &self.targets[job.target].0.url;
                Some(noted(url, Verdict::Unknown, "the check broke off".to_owned(), clock::now()))
            };
            let Some(verification) = checked.unwrap_or_else(|_| failed()) else { return };
            if sender.send((job.findings.clone(), verification)).is_err() {
                return;
            }
        }
    }

    /// Drops what was not begun, and breaks off what was.
    fn end(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for (target, _) in &self.targets {
            target.client.shut_down();
        }
    }

    /// None if the run ended before the key was sent.
    fn check(&self, job: &Job) -> Option<Verification> {
        let (target, control) = &self.targets[job.target];
        let control = control.get_or_init(|| self.control(target));
        if (self.cancelled)() {
            return None;
        }
        match control {
            Control::Refused => {}
            Control::NotRefused(objection, at) => {
                return Some(noted(&target.url, Verdict::Unknown, objection.clone(), *at));
            }
            Control::Unsent(reason) => return Some(missed(reason.clone())),
        }
        let (judgement, at) = match self.ask(target, &job.secret) {
            Told::Answer(judgement, at) => (judgement, at),
            Told::GivenUp(reason) => return Some(missed(reason)),
            Told::Cancelled => return None,
        };
        let verdict = match judgement.conclusion {
            Conclusion::Active => Verdict::Active,
            Conclusion::Inactive => Verdict::Inactive,
            Conclusion::Unknown => Verdict::Unknown,
        };
        Some(noted(&target.url, verdict, judgement.reason, at))
    }

    /// Sends a made-up key, which must be refused. It goes as the real ones do, with what stood near them.
    fn control(&self, target: &Target) -> Control {
        let seed = RandomState::new().hash_one(&target.url);
        let made = Secret::new(drawn(&target.kind.control, seed).into_bytes(), 0);
        let (judgement, at) = match self.ask(target, &made) {
            Told::Answer(judgement, at) => (judgement, at),
            Told::GivenUp(reason) => return Control::Unsent(reason),
            Told::Cancelled => return Control::Unsent("the run was interrupted".to_owned()),
        };
        let Judgement { conclusion, reason, refuses, .. } = judgement;
        let said = match conclusion {
            _ if refuses => return Control::Refused,
            Conclusion::Active => "the endpoint takes a made-up one for good",
            _ => "a made-up key was not refused first",
        };
        Control::NotRefused(format!("no key was sent, since {said}: {reason}"), at)
    }

    /// Sends a key until there is an answer that tells something, or no hope of one.
    fn ask(&self, target: &Target, secret: &Secret) -> Told {
        let (probe, context) = (&target.probe, &target.kind.context);
        let found: Vec<&str> = context.iter().map(|(name, _)| name.as_str()).collect();
        let mut values: Vec<(&str, &[u8])> = vec![("secret", secret.expose())];
        for hint in &probe.context {
            let near = context.iter().find(|(name, _)| *name == hint.name);
            let value = near.map_or(hint.fallback.as_str(), |(_, value)| value);
            values.push((&hint.name, value.as_bytes()));
        }
        let mut tries = 0;
        loop {
            let pass = match self.gate.enter(&*self.cancelled) {
                Ok(pass) => pass,
                Err(Closed::Cancelled) if tries == 0 => return Told::Cancelled,
                Err(Closed::GivenUp(reason)) if tries == 0 => return Told::GivenUp(reason),
                Err(Closed::Cancelled) => return answered(nothing("the run was interrupted")),
                Err(Closed::GivenUp(reason)) => return answered(nothing(&reason)),
            };
            let answer = target.client.ask(&target.url, probe, &values);
            tries += 1;
            let judgement = match answer {
                Ok(reply) => self.weigh(target, &reply, &found, pass, tries),
                Err(trouble) => self.complain(trouble, pass, tries),
            };
            let Some(judgement) = judgement else { continue };
            return answered(judgement);
        }
    }

    /// What an answer means; none if the key is to be sent again, which was waited for. Nobody takes the
    /// place of `pass` before the gate knows of the wait that the answer asks for.
    fn weigh(
        &self,
        target: &Target,
        reply: &Reply,
        found: &[&str],
        pass: Pass<'_>,
        tries: u32,
    ) -> Option<Judgement> {
        let judgement = judge(&target.probe, reply, found);
        let busy = matches!(reply.status, 408 | 425 | 429 | 500..600);
        let asked = reply.headers.get("retry-after").and_then(|v| v.to_str().ok());
        let asked = asked.and_then(|text| clock::retry_after(text, clock::now()));
        let limited = reply.status == 429;
        let told = judgement.documented || !busy;
        let most = if limited || asked.is_some() { MAX_TRIES } else { MAX_TRIES_IN_TROUBLE };
        if told || tries >= most {
            match told {
                true => self.gate.answered(),
                false => self.gate.failed(&judgement.reason),
            }
            // That is all there is to learn of this key; the next one comes when the provider likes.
            if let Some(seconds) = asked.filter(|seconds| *seconds > 0) {
                self.gate.pause(Duration::from_secs(seconds));
            }
            return Some(judgement);
        }
        let backoff = BACKOFF * 2u32.pow(tries - 1);
        match asked {
            // A provider that says when is to be left alone by all until then.
            Some(seconds) => {
                let granted = self.gate.pause(Duration::from_secs(seconds).max(BACKOFF));
                if !granted {
                    let reason = self.gate.closed().unwrap_or(judgement.reason);
                    return Some(Judgement { reason, ..judgement });
                }
            }
            None if limited => {
                self.gate.pause(4 * backoff);
            }
            None => {
                drop(pass);
                self.sleep(backoff);
            }
        }
        None
    }

    /// What a failed request means; none if it is to be sent again, which was waited for.
    fn complain(&self, trouble: Trouble, pass: Pass<'_>, tries: u32) -> Option<Judgement> {
        if (self.cancelled)() {
            return Some(nothing("the run was interrupted before there was an answer"));
        }
        if trouble.passing && tries < MAX_TRIES_IN_TROUBLE {
            drop(pass);
            self.sleep(BACKOFF * 2u32.pow(tries - 1));
            return None;
        }
        self.gate.failed(&trouble.reason);
        Some(nothing(&trouble.reason))
    }

    fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until && !(self.cancelled)() {
            thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
    }
}

fn noted(url: &str, verdict: Verdict, reason: String, at: i64) -> Verification {
    Verification {
        verdict,
        reason: Some(reason),
        checked_at: Some(clock::rfc3339(at)),
        endpoint: Some(url.to_owned()),
        missed: false,
    }
}

fn answered(judgement: Judgement) -> Told {
    Told::Answer(judgement, clock::now())
}

fn nothing(reason: &str) -> Judgement {
    Judgement {
        conclusion: Conclusion::Unknown,
        reason: reason.to_owned(),
        refuses: false,
        documented: false,
    }
}
