use super::*;

const STEP: Duration = Duration::from_secs(2);

fn millis(millis: u64) -> LogTime {
    LogTime::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn it_begins_with_the_time_of_the_state_and_runs_with_real_time() {
    let mut clock = LogClock::new(millis(5000), STEP);
    assert_eq!(clock.stamp(millis(5000)), millis(5000));
    tokio::time::advance(Duration::from_millis(700)).await;
    assert_eq!(clock.stamp(millis(5000)), millis(5700));
    assert_eq!(clock.until(millis(6000)), Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn a_stall_does_not_count_beyond_one_step() {
    let mut clock = LogClock::new(millis(1000), STEP);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(clock.stamp(millis(1000)), millis(3000));
    // From there on it runs as before; the lost time does not come back.
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(clock.stamp(millis(3000)), millis(3500));
}

#[tokio::test(start_paused = true)]
async fn it_never_runs_backwards_while_the_applied_time_is_behind() {
    let mut clock = LogClock::new(millis(0), STEP);
    tokio::time::advance(Duration::from_millis(1500)).await;
    let first = clock.stamp(millis(1000));
    tokio::time::advance(Duration::from_secs(60)).await;
    let second = clock.stamp(millis(0));
    assert!(second >= first, "{second} after {first}");
    assert_eq!(clock.last(), second);
    assert_eq!(second, millis(2000));
}
