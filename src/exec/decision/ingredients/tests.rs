use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::arm::Arm;
use crate::exec::key::action_key::tests::word;
use crate::exec::values::value::{Node, Value};
use crate::layout::Layout;
use crate::plan_file::PlanFile;
use crate::settings::Settings;

fn plan() -> PlanFile {
    let text = r#"{"version": 2, "project": "", "process": "a", "data_depth": 0, "work": "merge"}"#;
    serde_json::from_str(text).unwrap()
}

fn key(plan: PlanFile, inputs: &[Input]) -> Digest {
    list(&Instance::of(plan, "a", &Layout::new("build")).unwrap(), (inputs, &[]), None).unwrap().digest()
}

#[test]
fn another_format_is_another_key_and_other_resources_are_not() {
    let of = |plan: PlanFile| key(plan, &[]);
    assert_ne!(of(plan()), of(PlanFile { version: 3, ..plan() }));
    let settings: Settings = serde_json::from_str(
        r#"{"resources": {"cpus": [2], "memory": [1], "time": [1], "gpus": [1]}, "batch": 2, "on_failure": "drop",
            "retries": {"times": 2, "on": ["lost"], "wait": 1}, "cache": false, "cache_log": false, "always": true, "reuse": true}"#,
    )
    .unwrap();
    assert_eq!(of(plan()), of(PlanFile { settings, ..plan() }));
}

fn value() -> impl Strategy<Value = Node> {
    let value = |(content, name): (String, Option<&str>)| {
        Node::One(Value {
            key: String::new(),
            file: name.unwrap_or("value.json").into(),
            format: if name.is_some() { "file" } else { "json" }.to_owned(),
            digest: Digest::of(content),
            rows: None,
            stored: None,
            size: None,
        })
    };
    (word(), prop::sample::select(vec![None, Some("a"), Some("b c"), Some("input")])).prop_map(value)
}

/// A value, or what is gathered from partitions and seeds, at any depth.
fn node() -> impl Strategy<Value = Node> {
    value().prop_recursive(3, 12, 3, |inner| {
        let arm = prop_oneof![(1..4u64).prop_map(Arm::Partition), (1..4u64).prop_map(Arm::Seed)];
        prop::collection::vec((arm, inner), 1..4).prop_map(|mut list| {
            let mut seen = Vec::new();
            list.retain(|(arm, _)| {
                !seen.contains(arm) && {
                    seen.push(*arm);
                    true
                }
            });
            Node::Gathered(list)
        })
    })
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    prop::collection::btree_map(word(), node(), 0..3).prop_map(|named| {
        let input = |(name, node)| Input { name, process: String::new(), node };
        named.into_iter().map(input).collect()
    })
}

fn parameters() -> impl Strategy<Value = Map<String, Json>> {
    let value = prop_oneof![
        word().prop_map(Json::from),
        prop::sample::select(vec![
            json!(1),
            json!(1.0),
            json!("1"),
            json!(null),
            json!([1, "x p1"]),
            json!({"x": 1})
        ]),
    ];
    prop::collection::btree_map(word(), value, 0..3).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_differs_never_has_one_key(
        (a, b) in (inputs(), inputs()),
        (c, d) in (parameters(), parameters()),
    ) {
        let of = |parameters: &Map<String, Json>, inputs: &[Input]| {
            key(PlanFile { parameters: parameters.clone(), ..plan() }, inputs)
        };
        let is_same = |a: &[Input], b: &[Input]| {
            let all = |inputs: &[Input]| {
                inputs.iter().map(|input| (input.name.clone(), input.node.clone())).collect::<Vec<_>>()
            };
            all(a) == all(b)
        };
        prop_assert_eq!(of(&c, &a) == of(&c, &b), is_same(&a, &b));
        prop_assert_eq!(of(&c, &a) == of(&d, &a), c == d);
        prop_assert_eq!(of(&c, &a) == of(&d, &b), c == d && is_same(&a, &b));
    }
}
