//! Sorts, projections and whole finds.

use sandglass_query::{
    DatabaseError, Document, Filter, Find, Keep, Limit, Projection, Sort, Sorter,
};

use super::document;

fn documents(text: &str) -> Vec<Document> {
    let wrapped = document(&format!(r#"{{"all": {text}}}"#));
    wrapped
        .get_array("all")
        .unwrap()
        .iter()
        .map(|value| value.as_document().unwrap().clone())
        .collect()
}

fn check_sort(sort: &str, input: &str, expected_ids: &[i32]) {
    let parsed = Sort::parse_text(sort).unwrap();
    assert_eq!(
        Sort::from_bson(&parsed.to_bson()).unwrap(),
        parsed,
        "{sort}"
    );
    for keep in [Keep::All, Keep::First(1), Keep::First(2), Keep::First(1000)] {
        let source = documents(input).into_iter().map(Ok);
        let sorted: Result<Vec<Document>, _> =
            Sorter::new(parsed.clone(), keep).run(source).collect();
        let ids: Vec<i32> = sorted
            .unwrap()
            .iter()
            .map(|one| one.get_i32("_id").unwrap())
            .collect();
        let kept = match keep {
            Keep::All => expected_ids.len(),
            Keep::First(count) => expected_ids.len().min(usize::try_from(count).unwrap()),
        };
        assert_eq!(ids, expected_ids[..kept], "{sort} keeping {keep:?}");
    }
}

#[test]
fn documents_are_sorted_by_mongodbs_rules() {
    let table: [(&str, &str, &[i32]); 8] = [
        (
            r#"{"a": 1}"#,
            r#"[{"_id": 1, "a": 2}, {"_id": 2, "a": 1}, {"_id": 3}]"#,
            &[3, 2, 1],
        ),
        (
            r#"{"a": -1}"#,
            r#"[{"_id": 1, "a": 2}, {"_id": 2, "a": "x"}, {"_id": 3}]"#,
            &[2, 1, 3],
        ),
        (
            r#"{"a": 1}"#,
            r#"[{"_id": 1, "a": [5, 1]}, {"_id": 2, "a": 2}, {"_id": 3, "a": []}, {"_id": 4, "a": null}]"#,
            &[3, 4, 1, 2],
        ),
        (
            r#"{"a": -1}"#,
            r#"[{"_id": 1, "a": [5, 1]}, {"_id": 2, "a": 2}, {"_id": 3, "a": 7}]"#,
            &[3, 1, 2],
        ),
        (
            r#"{"a": 1, "b": -1}"#,
            r#"[{"_id": 1, "a": 1, "b": 1}, {"_id": 2, "a": 1, "b": 2}, {"_id": 3, "a": 0}]"#,
            &[3, 2, 1],
        ),
        (
            r#"{"a": 1}"#,
            r#"[{"_id": 1}, {"_id": 2}, {"_id": 3, "a": null}]"#,
            &[1, 2, 3],
        ),
        (
            r#"{"a.b": 1}"#,
            r#"[{"_id": 1, "a": [{"b": 5}, {"b": 3}]}, {"_id": 2, "a": {"b": 4}}, {"_id": 3, "a": [1]}]"#,
            &[3, 1, 2],
        ),
        (
            // Both values come from the same element: (1, 9) is less than (1, 10).
            r#"{"a.x": 1, "a.y": 1}"#,
            r#"[{"_id": 1, "a": [{"x": 1, "y": 10}, {"x": 2, "y": 0}]}, {"_id": 2, "a": [{"x": 1, "y": 9}]}]"#,
            &[2, 1],
        ),
    ];
    for (sort, input, expected) in table {
        check_sort(sort, input, expected);
    }
}

#[test]
fn a_sort_by_two_arrays_is_refused() {
    let sort = Sort::parse_text(r#"{"a": 1, "b": 1}"#).unwrap();
    let mut sorter = Sorter::new(sort, Keep::All);
    let error = sorter
        .push(document(r#"{"a": [1], "b": [1]}"#))
        .unwrap_err();
    assert!(
        matches!(error, DatabaseError::InvalidArgument(_)),
        "{error}"
    );
}

#[test]
fn a_sort_by_a_number_that_is_a_position_and_a_name_is_refused() {
    let push = |text: &str| {
        let sort = Sort::parse_text(r#"{"a.0": 1}"#).unwrap();
        Sorter::new(sort, Keep::All).push(document(text))
    };
    assert!(push(r#"{"a": [5, {"b": 1}]}"#).is_ok());
    assert!(push(r#"{"a": {"0": 1}}"#).is_ok());
    assert!(matches!(
        push(r#"{"a": [5, {"0": 1}]}"#),
        Err(DatabaseError::InvalidArgument(_))
    ));
}

#[test]
fn a_sort_holds_no_more_than_it_may() {
    let push_all = |keep: Keep| {
        let sort = Sort::parse_text(r#"{"a": 1}"#).unwrap();
        let mut sorter = Sorter::with_max_bytes(sort, keep, 20_000);
        (0..1000).try_for_each(|number| sorter.push(bson::doc! {"a": -number}))
    };
    assert!(matches!(
        push_all(Keep::All),
        Err(DatabaseError::LimitExceeded(_))
    ));
    assert!(matches!(
        push_all(Keep::First(999)),
        Err(DatabaseError::LimitExceeded(_))
    ));
    assert!(push_all(Keep::First(10)).is_ok());
}

#[test]
fn projections_show_or_hide() {
    let table = [
        (r#"{}"#, r#"{"_id": 1, "a": 1}"#, r#"{"_id": 1, "a": 1}"#),
        (
            r#"{"b": 1, "a": 1}"#,
            r#"{"_id": 1, "a": 1, "b": 2, "c": 3}"#,
            r#"{"_id": 1, "a": 1, "b": 2}"#,
        ),
        (
            r#"{"a": 1, "_id": 0}"#,
            r#"{"_id": 1, "a": 1, "b": 2}"#,
            r#"{"a": 1}"#,
        ),
        (r#"{"_id": 1}"#, r#"{"_id": 1, "a": 1}"#, r#"{"_id": 1}"#),
        (r#"{"_id": 0}"#, r#"{"_id": 1, "a": 1}"#, r#"{"a": 1}"#),
        (
            r#"{"a": 0}"#,
            r#"{"_id": 1, "a": 1, "b": 2}"#,
            r#"{"_id": 1, "b": 2}"#,
        ),
        (
            r#"{"a": false, "_id": true}"#,
            r#"{"_id": 1, "a": 1, "b": 2}"#,
            r#"{"_id": 1, "b": 2}"#,
        ),
        (
            r#"{"a.b": 1}"#,
            r#"{"a": {"b": 1, "c": 2}, "d": 3}"#,
            r#"{"a": {"b": 1}}"#,
        ),
        (
            r#"{"a.b": 1}"#,
            r#"{"a": [{"b": 1, "c": 2}, 5, [{"b": 3}]]}"#,
            r#"{"a": [{"b": 1}, [{"b": 3}]]}"#,
        ),
        (r#"{"a.b": 1}"#, r#"{"a": 5}"#, r#"{}"#),
        (r#"{"a.b": 1}"#, r#"{"a": {"c": 1}}"#, r#"{"a": {}}"#),
        (
            r#"{"a.b": 0}"#,
            r#"{"a": {"b": 1, "c": 2}}"#,
            r#"{"a": {"c": 2}}"#,
        ),
        (
            r#"{"a.b": 0}"#,
            r#"{"a": [{"b": 1, "c": 2}, 5]}"#,
            r#"{"a": [{"c": 2}, 5]}"#,
        ),
        (
            r#"{"a.b": 1, "a.c": 1}"#,
            r#"{"a": {"b": 1, "c": 2, "d": 3}}"#,
            r#"{"a": {"b": 1, "c": 2}}"#,
        ),
    ];
    for (projection, before, after) in table {
        let parsed = Projection::parse_text(projection).unwrap();
        assert_eq!(
            Projection::from_bson(&parsed.to_bson()).unwrap(),
            parsed,
            "{projection}"
        );
        assert_eq!(
            parsed.apply(document(before)),
            document(after),
            "{projection} on {before}"
        );
    }
}

#[test]
fn a_find_filters_sorts_skips_limits_and_projects() {
    let stored = documents(
        r#"[{"_id": 1, "a": 5}, {"_id": 2, "a": 3}, {"_id": 3, "a": 9}, {"_id": 4, "a": 1}, {"_id": 5}]"#,
    );
    let find = Find {
        filter: Filter::parse_text(r#"{"a": {"$gt": 0}}"#).unwrap(),
        sort: Sort::parse_text(r#"{"a": 1}"#).unwrap(),
        projection: Projection::parse_text(r#"{"a": 1, "_id": 0}"#).unwrap(),
        skip: 1,
        limit: Limit::AtMost(2),
    };
    let run = |find: Find| -> Vec<Document> {
        find.run(stored.clone().into_iter().map(Ok))
            .collect::<Result<_, _>>()
            .unwrap()
    };
    assert_eq!(run(find.clone()), documents(r#"[{"a": 3}, {"a": 5}]"#));
    assert_eq!(
        run(Find {
            limit: Limit::AtMost(0),
            ..find.clone()
        }),
        Vec::<Document>::new()
    );
    assert_eq!(
        run(Find {
            limit: Limit::All,
            ..find
        }),
        documents(r#"[{"a": 3}, {"a": 5}, {"a": 9}]"#)
    );
    assert_eq!(run(Find::default()), stored);
}

#[test]
fn an_error_of_the_store_comes_through() {
    let source = [
        Ok(document("{}")),
        Err(DatabaseError::unavailable("gone")),
        Ok(document("{}")),
    ];
    let sorted = Find {
        sort: Sort::parse_text(r#"{"a": 1}"#).unwrap(),
        ..Find::default()
    };
    let found: Result<Vec<Document>, _> = sorted.run(source.into_iter()).collect();
    assert!(found.unwrap_err().retryable());
}
