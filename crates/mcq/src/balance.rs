//! Spreading the keys evenly over A to D.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::flaws::value;
use crate::question::{Letter, Question};

/// Moves keys so that each letter is the key of as many questions as any other, give or take one;
/// the order of letters follows the seed. Options that are figures in rising order stay so as long
/// as balance allows: numbers are easier to read in sequence.
pub fn balance_keys(questions: &mut [Question], seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order = Letter::ALL;
    order.shuffle(&mut rng);
    let total = questions.len();
    // How many keys each letter is to have: the first letters of the shuffled order get the rest.
    let mut room: Vec<(Letter, usize)> = order
        .iter()
        .zip(0..)
        .map(|(letter, rank)| (*letter, total / 4 + usize::from(rank < total % 4)))
        .collect();
    let mut free: Vec<usize> = Vec::new();
    for (index, question) in questions.iter().enumerate() {
        let fixed = is_in_sequence(question) && take(&mut room, question.correct_choice);
        if !fixed {
            free.push(index);
        }
    }
    let mut letters: Vec<Letter> =
        room.iter().flat_map(|(letter, count)| std::iter::repeat_n(*letter, *count)).collect();
    letters.shuffle(&mut rng);
    for (index, letter) in free.into_iter().zip(letters) {
        if let Some(question) = questions.get_mut(index) {
            question.choices.swap(question.correct_choice, letter);
            question.correct_choice = letter;
        }
    }
}

fn take(room: &mut [(Letter, usize)], wanted: Letter) -> bool {
    room.iter_mut().find(|(letter, count)| *letter == wanted && *count > 0).is_some_and(
        |(_, count)| {
            *count -= 1;
            true
        },
    )
}

fn is_in_sequence(question: &Question) -> bool {
    let values: Vec<f64> = question.choices.iter().filter_map(|(_, text)| value(text)).collect();
    values.len() == 4 && values.windows(2).all(|pair| matches!(pair, [one, other] if one <= other))
}

#[cfg(test)]
mod tests {
    use super::balance_keys;
    use crate::question::{Choices, Evidence, Letter, Question};

    fn questions(count: usize, choices: [&str; 4]) -> Vec<Question> {
        (0..count)
            .map(|_| Question {
                question_text: "Quelle ?".into(),
                choices: Choices::from(choices.map(str::to_owned)),
                correct_choice: Letter::A,
                evidence: Evidence { page: 1, quote: String::new() },
                flaws: Vec::new(),
            })
            .collect()
    }

    fn spread(questions: &[Question]) -> usize {
        let counts = Letter::ALL.map(|letter| {
            questions.iter().filter(|question| question.correct_choice == letter).count()
        });
        counts.iter().max().unwrap() - counts.iter().min().unwrap()
    }

    #[test]
    fn keys_are_spread_and_stay_with_their_text() {
        for count in 0..23 {
            let mut all = questions(count, ["juste", "faux", "erroné", "inexact"]);
            balance_keys(&mut all, 7);
            assert!(spread(&all) <= 1, "{count}");
            assert!(all.iter().all(|question| question.key() == "juste"));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_seed_another() {
        let balanced = |seed| {
            let mut all = questions(12, ["juste", "faux", "erroné", "inexact"]);
            balance_keys(&mut all, seed);
            all
        };
        assert_eq!(balanced(1), balanced(1));
        assert_ne!(balanced(1), balanced(2));
    }

    #[test]
    fn figures_stay_in_sequence_while_there_is_room() {
        let mut all = questions(4, ["juste", "faux", "erroné", "inexact"]);
        all.extend(questions(1, ["10 V", "20 V", "30 V", "40 V"]));
        balance_keys(&mut all, 3);
        assert_eq!(all[4].choices.b, "20 V");
        assert!(spread(&all) <= 1);
        let mut figures = questions(8, ["10 V", "20 V", "30 V", "40 V"]);
        balance_keys(&mut figures, 3);
        assert!(spread(&figures) <= 1, "balance comes first");
    }
}
