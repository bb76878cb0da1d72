//! Changes of texts and bytes by chance.

use std::ops::Range;

use proptest::{collection::vec, prelude::*, sample::Index};

/// A change of a sequence.
#[derive(Debug, Clone)]
enum Change<T> {
    /// Something is put in.
    Insert(Index, Vec<T>),
    /// A part goes.
    Remove(Index, Index),
    /// A part comes again, right behind itself, up to a hundred times.
    Repeat(Index, Index, u8),
    /// A part moves.
    Move(Index, Index, Index),
    /// One place becomes another.
    Replace(Index, T),
}

/// The part between two places.
fn part(one: Index, other: Index, length: usize) -> Range<usize> {
    let (one, other) = (one.index(length + 1), other.index(length + 1));
    one.min(other)..one.max(other)
}

impl<T: Clone> Change<T> {
    fn apply(self, onto: &mut Vec<T>) {
        let length = onto.len();
        match self {
            Self::Insert(at, what) => {
                let at = at.index(length + 1);
                onto.splice(at..at, what);
            }
            Self::Remove(one, other) => drop(onto.drain(part(one, other, length))),
            Self::Repeat(one, other, times) => {
                let part = part(one, other, length.min(200));
                let again = std::iter::repeat_n(&onto[part.clone()], usize::from(times % 100));
                let again: Vec<T> = again.flatten().cloned().collect();
                onto.splice(part.end..part.end, again);
            }
            Self::Move(one, other, to) => {
                let moved: Vec<T> = onto.drain(part(one, other, length)).collect();
                let to = to.index(onto.len() + 1);
                onto.splice(to..to, moved);
            }
            Self::Replace(at, with) => {
                if length > 0 {
                    onto[at.index(length)] = with;
                }
            }
        }
    }
}

fn change<T: Clone + std::fmt::Debug + 'static>(
    one: impl Strategy<Value = T> + Clone + 'static,
    some: impl Strategy<Value = Vec<T>> + 'static,
) -> impl Strategy<Value = Change<T>> {
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), some).prop_map(|(at, what)| Change::Insert(at, what)),
        2 => (place(), place()).prop_map(|(one, other)| Change::Remove(one, other)),
        1 => (place(), place(), any::<u8>())
            .prop_map(|(one, other, times)| Change::Repeat(one, other, times)),
        1 => (place(), place(), place()).prop_map(|(one, other, to)| Change::Move(one, other, to)),
        3 => (place(), one).prop_map(|(at, with)| Change::Replace(at, with)),
    ]
}

/// Lines of a corpus with parts of other lines, `words` and characters of any kind put in, taken out,
/// repeated and moved; some are left as they are.
pub(crate) fn texts(
    corpus: Vec<&'static str>,
    words: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let line = proptest::sample::select(corpus);
    let characters = |text: &'static str| text.chars().collect::<Vec<char>>();
    let some = prop_oneof![
        4 => proptest::sample::select(words).prop_map(characters),
        2 => line.clone().prop_map(characters),
        1 => vec(any::<char>(), 1..4),
    ];
    let one = prop_oneof![proptest::char::range(' ', '~'), any::<char>()];
    (line, vec(change(one, some), 0..6)).prop_map(|(line, changes)| {
        let mut text: Vec<char> = line.chars().collect();
        for change in changes {
            change.apply(&mut text);
        }
        text.into_iter().collect()
    })
}

/// Bytes of a corpus with bytes flipped and parts of others put in, taken out, repeated and moved.
pub(crate) fn bytes(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let whole = proptest::sample::select(corpus);
    let piece = (whole.clone(), any::<Index>(), any::<Index>()).prop_map(|(whole, one, other)| {
        let mut part = part(one, other, whole.len());
        part.end = part.end.min(part.start + 4096);
        whole[part].to_vec()
    });
    let some = prop_oneof![piece, vec(any::<u8>(), 1..9)];
    (whole, vec(change(any::<u8>(), some), 0..5)).prop_map(|(whole, changes)| {
        let mut bytes = whole;
        for change in changes {
            change.apply(&mut bytes);
        }
        bytes
    })
}
