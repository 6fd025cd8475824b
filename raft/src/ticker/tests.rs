use super::*;

const SCAN: Duration = Duration::from_secs(1);

fn clock() -> LogClock {
    LogClock::new(LogTime::from_millis(10_000), SCAN * 2)
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_there_is_no_tick() {
    assert_eq!(Ticker::new(SCAN).due(None, &clock()), None);
}

#[tokio::test(start_paused = true)]
async fn a_distant_deadline_is_approached_in_scan_intervals() {
    let start = Instant::now();
    let mut ticker = Ticker::new(SCAN);
    let clock = clock();
    let deadline = Some(LogTime::from_millis(45_000));
    assert_eq!(ticker.due(deadline, &clock), Some(start + SCAN));
    tokio::time::advance(Duration::from_millis(600)).await;
    ticker.stamped();
    assert_eq!(ticker.due(deadline, &clock), Some(start + Duration::from_millis(1600)));
}

#[tokio::test(start_paused = true)]
async fn a_near_deadline_is_met_exactly() {
    let start = Instant::now();
    let ticker = Ticker::new(SCAN);
    assert_eq!(ticker.due(Some(LogTime::from_millis(10_250)), &clock()), Some(start + Duration::from_millis(250)));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_a_stamped_entry_has_reached_causes_no_burst() {
    let start = Instant::now();
    let mut ticker = Ticker::new(SCAN);
    let mut clock = clock();
    tokio::time::advance(Duration::from_millis(250)).await;
    let _ = clock.stamp(LogTime::from_millis(10_000));
    ticker.stamped();
    assert_eq!(ticker.due(Some(LogTime::from_millis(10_250)), &clock), Some(start + Duration::from_millis(1250)));
}
