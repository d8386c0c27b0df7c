//! When it claims and sends: moments, pace, and who has the turn.

use crate::world::{BUDGET, SPEED, World, fast_clock};
use hooks::Budget;
use providers::messages::Fault;
use providers::whapi::Settings;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[tokio::test]
async fn nothing_begins_before_its_moment_or_after_the_time_is_over() {
    let world = World::start(&[]).await;
    for (n, wait_ms) in [0, 2_000, 4_000, 30_000].into_iter().enumerate() {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
        world.outbox().rows[n].wait_ms = wait_ms;
    }
    let began = Instant::now();
    let short =
        Budget { begin: Duration::from_secs(20), end: Duration::from_secs(26), messages: 100 };
    let done = world.dispatcher.run(short).await;
    assert_eq!((done.accepted, done.claimed - done.not_sent), (3, 3), "{done:?}");
    // On a busy machine others miss their moments, too.
    assert!((1..=20).contains(&done.not_sent), "it is not claimed over and over: {done:?}");
    assert!(began.elapsed() * SPEED < Duration::from_secs(26));
    assert_eq!(world.outbox().rows[3].state, "queued");
    let elapsed: Vec<u64> =
        world.whapi.book().iter().map(|one| one.elapsed * u64::from(SPEED)).collect();
    assert!(elapsed[1] - elapsed[0] >= 1_500 && elapsed[2] - elapsed[1] >= 1_500, "{elapsed:?}");
}

#[tokio::test]
async fn lost_time_is_not_made_up_for() {
    let world = World::start(&[]).await;
    world.whapi.script(vec![Fault::Throttle { retry_after: Some(4) }]);
    for n in 0..120 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    // Ten a second; the provider is not asked for four.
    world.outbox().step_ms = Some(100);
    let done = world.dispatcher.run(BUDGET).await;
    // A busy machine misses more moments.
    assert_eq!((done.retried, done.accepted >= 20), (1, true), "{done:?}");
    assert!(done.not_sent >= 10, "those whose moment had passed: {done:?}");
    let times: Vec<u64> =
        world.whapi.book().iter().map(|one| one.elapsed * u64::from(SPEED)).collect();
    let most = times
        .iter()
        .map(|from| times.iter().filter(|time| (*from..from + 1_000).contains(time)).count());
    assert!(most.max().unwrap() <= 20, "{times:?}");
}

#[tokio::test]
async fn where_there_is_a_pace_claims_are_few_unless_somebody_asks() {
    let world = World::start(&[]).await;
    for n in 0..100 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    world.outbox().step_ms = Some(200);
    world.outbox().ahead_ms = Some(5_000);
    let run = Budget { begin: Duration::from_secs(20), end: Duration::from_secs(26), ..BUDGET };
    let asks = async {
        world.claims(2).await;
        // What the first claims brought lasts for seconds.
        let asked = fast_clock();
        assert!(world.dispatcher.look_again());
        world.claims(3).await;
        world.outbox().claimed_at[2] - asked
    };
    let (done, waited) = tokio::join!(world.dispatcher.run(run), asks);
    assert!(waited < 1_500, "the urgent would have waited {waited} ms");
    // A busy machine misses moments; after every record it would be some eighty.
    assert!(done.accepted >= 50, "{done:?}");
    assert!(world.outbox().count("claim_outbound_messages") <= 25, "{done:?}");
}

#[tokio::test]
async fn what_was_given_back_is_not_given_back_again_while_it_is_sent() {
    let world = World::start(&[]).await;
    world.whapi.script(vec![Fault::Throttle { retry_after: Some(4) }]);
    for n in 0..60 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    world.outbox().step_ms = Some(100);
    world.outbox().lost_answers = 3;
    let done = world.dispatcher.run(BUDGET).await;
    assert!(done.not_sent >= 10 && world.outbox().lost_answers < 3, "{done:?}");
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().states(), BTreeMap::from([("later", 1), ("sent", 59)]));
    let told: Vec<String> = world.whapi.book().into_iter().map(|one| one.to).collect();
    let people: std::collections::HashSet<&String> = told.iter().collect();
    assert_eq!((told.len(), people.len()), (59, 59), "each once");
}

#[tokio::test]
async fn who_comes_while_a_run_is_at_it_makes_it_look_again() {
    let world = World::start(&[]).await;
    world.whapi.set(Settings { latency_milliseconds: Some(100), ..Settings::default() });
    world.outbox().write("whatsapp", &World::number(1), "Bonjour");
    let second = async {
        world.claims(1).await;
        world.outbox().write("whatsapp", &World::number(2), "Bonjour");
        [world.dispatcher.run(BUDGET).await, world.dispatcher.run(BUDGET).await]
    };
    let (first, others) = tokio::join!(world.dispatcher.run(BUDGET), second);
    // Who comes third finds it busy as well: being turned away ends nobody's turn.
    assert!(others.iter().all(|other| other.busy && other.claimed == 0), "{others:?}");
    assert_eq!(first.accepted, 2);
    assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 2)]));
}

#[tokio::test]
async fn who_comes_when_a_run_claims_no_more_begins_another() {
    // A claim under way may take a hundred of these, and the next a hundred.
    let few = Budget { messages: 199, ..BUDGET };
    let short = Budget { begin: Duration::from_secs(6), end: Duration::from_secs(26), ..BUDGET };
    for ending in [few, short] {
        let world = World::start(&[]).await;
        world.whapi.set(Settings { latency_milliseconds: Some(100), ..Settings::default() });
        world.outbox().write("whatsapp", &World::number(1), "Bonjour");
        let second = async {
            world.claims(1).await;
            world.outbox().write("whatsapp", &World::number(2), "Bonjour");
            assert!(!world.dispatcher.look_again(), "{ending:?}");
            let third = async {
                world.claims(2).await;
                world.dispatcher.look_again()
            };
            tokio::join!(world.dispatcher.run(BUDGET), third)
        };
        let both = async { tokio::join!(world.dispatcher.run(ending), second) };
        let (first, (second, third)) =
            tokio::time::timeout(Duration::from_secs(30), both).await.expect("both end");
        // On a busy machine the first may have no time left to send, and gives its message back.
        assert_eq!((first.accepted + second.accepted, third), (2, true), "{ending:?}");
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 2)]));
    }
}

#[tokio::test]
async fn a_run_that_outlives_its_turn_leaves_that_of_another_alone() {
    // Asked before the first ends, or after it.
    for before in [true, false] {
        let world = World::start(&[]).await;
        let ask = || {
            world.outbox().write("whatsapp", &World::number(1), "Bonjour");
            assert!(world.dispatcher.look_again(), "{before}");
        };
        let brief =
            Budget { begin: Duration::from_secs(10), end: Duration::from_secs(11), ..BUDGET };
        let mut stalled = std::pin::pin!(world.dispatcher.run(brief));
        tokio::select! {
            biased;
            done = &mut stalled => panic!("{done:?}"),
            () = world.claims(1) => {}
        }
        // Only the clock ends its turn.
        let over = async {
            while world.dispatcher.look_again() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), over).await.expect("its turn ends");

        // The second, which finds nothing, is still at it when the first ends.
        world.outbox().slow_claims_ms = 200;
        let rest = async {
            world.claims(2).await;
            if before {
                ask();
            }
            let first = stalled.await;
            assert_eq!(first.claimed, 0);
            if !before {
                ask();
            }
        };
        let both = async { tokio::join!(world.dispatcher.run(BUDGET), rest) };
        let (second, ()) =
            tokio::time::timeout(Duration::from_secs(30), both).await.expect("both end");
        assert_eq!(second.accepted, 1, "{before}");
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 1)]));
    }
}

#[tokio::test]
async fn what_is_written_while_a_claim_is_under_way_is_claimed_after_it() {
    for (most, written) in [(8_000, 0), (200, 100)] {
        let world = World::start(&[]).await;
        for n in 0..written {
            world.outbox().write("whatsapp", &World::number(n), "Bonjour");
        }
        // The claim's answer comes so late that what was asked meanwhile was heard before it.
        world.outbox().slow_claims_ms = 40;
        let later = async {
            world.claims(1).await;
            world.outbox().write("whatsapp", &World::number(written), "Bonjour");
            assert!(world.dispatcher.look_again());
        };
        let both = async {
            tokio::join!(world.dispatcher.run(Budget { messages: most, ..BUDGET }), later)
        };
        let (run, ()) =
            tokio::time::timeout(Duration::from_secs(30), both).await.expect("the run ends");
        assert_eq!(run.accepted, written + 1, "of {most}");
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", written + 1)]));
    }
}

#[tokio::test]
async fn what_is_written_one_by_one_is_claimed_together() {
    for due_meanwhile in [false, true] {
        let world = World::start(&[]).await;
        world.outbox().due_meanwhile = due_meanwhile;
        let writer = async {
            let mut runs = 0;
            for n in 0..200 {
                world.outbox().write("whatsapp", &World::number(n), "Bonjour");
                runs += u64::from(!world.dispatcher.run(BUDGET).await.busy);
                // So many a second.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            runs
        };
        let (_, runs) = tokio::join!(world.dispatcher.run(BUDGET), writer);
        world.dispatcher.run(BUDGET).await;
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 200)]));
        world.check_books();
        let claims = world.outbox().claimed_at.clone();
        let took = claims.last().unwrap() - claims[0];
        // One for each quarter of a second, and those that a run begins with.
        let most = took / 250 + runs + 3;
        assert!(claims.len() as u64 <= most, "{} claims in {took} ms", claims.len());
    }
}

#[tokio::test]
async fn what_a_full_claim_leaves_is_claimed_at_once() {
    // At twenty times the speed an answer takes as long as the wait there is not.
    let world = World::at_speed(1, &[]).await;
    for n in 0..1_000 {
        // What cannot be read is left alone, and takes no time.
        world.outbox().write("pigeon", &World::number(n), "Bonjour");
    }
    let done = world.dispatcher.run(BUDGET).await;
    assert_eq!(done.claimed, 1_000, "{done:?}");
    let claims = world.outbox().claimed_at.clone();
    // On a busy machine some are late, not all of them.
    let least = claims.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(least / u64::from(SPEED) < 125, "{claims:?}");
}
