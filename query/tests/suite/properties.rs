//! What holds of any input.

use std::cmp::Ordering;

use bson::{Bson, Document};
use proptest::{collection::vec, prelude::*};
use sandglass_query::{
    Filter, Keep, Sort, Sorter, compare, document_size,
    extended_json::{document_to_json, parse_document, print_document},
};

/// Few names, so that paths meet fields.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("0"), Just("1")].prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    vec(name(), 1..4).prop_map(|names| names.join("."))
}

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        Just(Bson::Null),
        any::<bool>().prop_map(Bson::Boolean),
        (-3..4).prop_map(Bson::Int32),
        prop_oneof![-3..4_i64, any::<i64>()].prop_map(Bson::Int64),
        prop_oneof![
            (-6..7).prop_map(|half| f64::from(half) / 2.0),
            any::<f64>(),
            Just(f64::NAN),
            Just(f64::INFINITY)
        ]
        .prop_map(Bson::Double),
        prop_oneof![
            (-40..40, -3..3)
                .prop_map(|(coefficient, exponent)| format!("{coefficient}E{exponent}")),
            (any::<i64>(), -330..310)
                .prop_map(|(coefficient, exponent)| format!("{coefficient}E{exponent}")),
            Just("NaN".to_owned()),
            Just("-Infinity".to_owned()),
        ]
        .prop_map(|text| Bson::Decimal128(text.parse().unwrap())),
        "[ab]{0,2}".prop_map(Bson::String),
        (-2..3_i64).prop_map(|time| Bson::DateTime(bson::DateTime::from_millis(time))),
        (0..3_u8).prop_map(|byte| Bson::ObjectId(bson::oid::ObjectId::from_bytes([byte; 12]))),
    ]
}

fn value() -> impl Strategy<Value = Bson> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Bson::Array),
            fields(inner).prop_map(Bson::Document),
        ]
    })
}

fn fields(inner: impl Strategy<Value = Bson>) -> impl Strategy<Value = Document> {
    vec((name(), inner), 0..4).prop_map(|fields| fields.into_iter().collect())
}

fn document() -> impl Strategy<Value = Document> {
    fields(value())
}

fn one(operator: &'static str, operand: Bson) -> Document {
    std::iter::once((operator.to_owned(), operand)).collect()
}

fn conditions() -> impl Strategy<Value = Document> {
    let leaf = prop_oneof![
        (
            prop_oneof![
                Just("$eq"),
                Just("$ne"),
                Just("$gt"),
                Just("$gte"),
                Just("$lt"),
                Just("$lte")
            ],
            value()
        )
            .prop_map(|(operator, operand)| one(operator, operand)),
        (
            prop_oneof![Just("$in"), Just("$nin"), Just("$all")],
            vec(value(), 0..4)
        )
            .prop_map(|(operator, operands)| one(operator, Bson::Array(operands))),
        any::<bool>().prop_map(|present| one("$exists", Bson::Boolean(present))),
        prop_oneof![
            Just("number"),
            Just("string"),
            Just("array"),
            Just("object"),
            Just("null")
        ]
        .prop_map(|name| one("$type", Bson::String(name.to_owned()))),
        (0..4).prop_map(|size| one("$size", Bson::Int32(size))),
        (1..4, 0..3).prop_map(|(divisor, remainder)| one(
            "$mod",
            Bson::Array(vec![Bson::Int32(divisor), Bson::Int32(remainder)])
        )),
        "[ab]?\\$?".prop_map(|pattern| one("$regex", Bson::String(pattern))),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|operand| one("$not", Bson::Document(operand))),
            inner
                .clone()
                .prop_map(|operand| one("$elemMatch", Bson::Document(operand))),
            (inner.clone(), inner)
                .prop_map(|(left, right)| left.into_iter().chain(right).collect()),
        ]
    })
}

fn filter() -> impl Strategy<Value = Document> {
    let leaf = (path(), conditions()).prop_map(|(path, conditions)| {
        std::iter::once((path, Bson::Document(conditions))).collect()
    });
    leaf.prop_recursive(3, 12, 3, |inner: BoxedStrategy<Document>| {
        prop_oneof![
            (
                prop_oneof![Just("$and"), Just("$or"), Just("$nor")],
                vec(inner.clone().prop_map(Bson::Document), 1..3)
            )
                .prop_map(|(operator, filters)| one(operator, Bson::Array(filters))),
            (path(), inner).prop_map(|(path, filter)| {
                std::iter::once((
                    path,
                    Bson::Document(one("$elemMatch", Bson::Document(filter))),
                ))
                .collect()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_rendered_filter_is_the_same_filter(filter in filter()) {
        let parsed = Filter::from_bson(&filter).unwrap();
        let rendered = parsed.to_bson();
        prop_assert_eq!(&Filter::from_bson(&rendered).unwrap(), &parsed);
        prop_assert_eq!(&Filter::parse(&document_to_json(&rendered)).unwrap(), &parsed);
    }

    #[test]
    fn bytes_and_decoded_documents_match_alike(filter in filter(), document in document()) {
        let parsed = Filter::from_bson(&filter).unwrap();
        let raw = bson::RawDocumentBuf::try_from(&document).unwrap();
        prop_assert_eq!(parsed.matches(&document), parsed.matches_raw(&raw).unwrap());
    }

    #[test]
    fn a_negation_is_the_opposite(conditions in conditions(), path in path(), document in document()) {
        let positive: Document = std::iter::once((path.clone(), Bson::Document(conditions.clone()))).collect();
        let negative: Document =
            std::iter::once((path, Bson::Document(one("$not", Bson::Document(conditions))))).collect();
        let positive = Filter::from_bson(&positive).unwrap();
        let negative = Filter::from_bson(&negative).unwrap();
        prop_assert_ne!(positive.matches(&document), negative.matches(&document));
    }

    #[test]
    fn any_text_is_either_a_filter_or_an_error(text in "\\PC{0,60}|[\\[\\]{}\":,$a-e0-9 ]{0,60}") {
        if let Ok(filter) = Filter::parse_text(&text) {
            filter.matches(&Document::new());
        }
    }

    #[test]
    fn any_bytes_are_either_matched_or_an_error(
        filter in filter(),
        document in document(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = document.to_vec().unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(raw) = bson::RawDocument::from_bytes(&bytes) {
            let _outcome = Filter::from_bson(&filter).unwrap().matches_raw(raw);
        }
    }

    #[test]
    fn the_order_is_total(first in value(), second in value(), third in value()) {
        prop_assert_eq!(compare(&first, &first), Ordering::Equal);
        prop_assert_eq!(compare(&first, &second), compare(&second, &first).reverse());
        let mut three = [first, second, third];
        three.sort_by(compare);
        prop_assert_ne!(compare(&three[0], &three[2]), Ordering::Greater);
        if compare(&three[0], &three[1]).is_eq() {
            prop_assert_eq!(compare(&three[0], &three[2]), compare(&three[1], &three[2]));
        }
    }

    #[test]
    fn printed_documents_are_read_back_as_equal(document in document()) {
        let read = parse_document(&print_document(&document)).unwrap();
        let order = compare(&Bson::Document(read), &Bson::Document(document));
        prop_assert_eq!(order, Ordering::Equal);
    }

    #[test]
    fn sizes_are_exact(document in document()) {
        prop_assert_eq!(document_size(&document), document.to_vec().unwrap().len());
    }

    #[test]
    fn the_first_of_a_sort_are_the_beginning_of_the_whole(
        documents in vec(document(), 0..12),
        count in 0..6_u64,
    ) {
        let sort = Sort::parse_text(r#"{"a": 1, "b.a": -1}"#).unwrap();
        let run = |keep| -> Result<Vec<Document>, String> {
            let mut sorter = Sorter::new(sort.clone(), keep);
            for document in &documents {
                sorter.push(document.clone()).map_err(|error| error.to_string())?;
            }
            Ok(sorter.finish().collect())
        };
        if let Ok(whole) = run(Keep::All) {
            let kept = usize::try_from(count).unwrap().min(whole.len());
            let first = run(Keep::First(count)).unwrap();
            // Debug text, because NaN is not equal to itself.
            prop_assert_eq!(format!("{first:?}"), format!("{:?}", &whole[..kept]));
        }
    }
}
