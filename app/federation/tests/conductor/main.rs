//! Random federations in a random world: answers are lost, instances fall silent, pages are reloaded
//! and taken over, members fail. Nothing starts before those it waits for or twice, and all ends.

mod world;

use federation::journal::Wish;
use federation::standing::{Standing, Whole};
use proptest::prelude::{ProptestConfig, any, proptest};
use world::World;

/// Seconds until nothing goes wrong any more, and until all must be over.
const CALM: f64 = 400.0;
const END: f64 = 4_000.0;

/// Runs a world until all is over, with people who decide what is theirs to decide.
fn live(seed: u64) -> World {
    let mut world = World::new(seed);
    let ends_early = world.chance(4).then(|| world.below(200) as f64);
    while world.now < END {
        world.step();
        let (now, calm) = (world.now, world.now > CALM);
        let whole = world.page().whole();
        if ends_early.is_some_and(|at| at <= now) && world.page().leads() && world.page().journal().wish == Wish::Run {
            world.page().wish(Wish::Stop);
        }
        // Two pages took over from one another, and the person sits at the one that lost.
        if calm && !world.page().leads() {
            world.page().take_lead();
        }
        let quiet = world.page().trouble().is_none() && world.page().leads();
        if quiet && matches!(whole, Whole::Held | Whole::Paused | Whole::Degraded) && (calm || world.chance(8)) {
            decide(&mut world, whole);
        }
        if world.page().is_settled() && whole.is_over() && calm {
            return world;
        }
    }
    panic!("seed {seed}: after {END} seconds it is {:?}: {:?}", world.page().whole(), world.page().seen());
}

/// What a person does about a run that waits for them.
fn decide(world: &mut World, whole: Whole) {
    let seen = world.page().seen();
    if whole == Whole::Paused {
        return world.page().wish(Wish::Run);
    }
    let Some(seat) = (0..seen.len()).find(|seat| matches!(seen[*seat].0, Standing::Failed | Standing::Away | Standing::Stopped)) else { return };
    match world.below(3) {
        0 if seen[seat].0 != Standing::Away => world.page().retry(seat),
        1 if whole == Whole::Held => world.page().wish(Wish::Stop),
        _ => world.page().leave_out(seat, true),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn in_order_once_and_to_an_end(seed in any::<u64>()) {
        let mut world = live(seed);
        world.check_end();
    }
}

#[test]
fn without_trouble_it_costs_one_start_a_member() {
    let mut world = World::calm(40);
    while !world.page().whole().is_over() && world.now < END {
        world.step();
    }
    assert_eq!(world.page().whole(), Whole::Done);
    assert_eq!(world.starts, 40);
    assert!(world.starts + world.writes <= 80, "{} writes of the journal", world.writes);
}
