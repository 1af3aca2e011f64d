//! Templates: what is refused, and what they are filled in as.

use super::*;

fn filling() -> Filling {
    let gathered = [("data1", "a/x"), ("data2", "b c")];
    let gathered = gathered.map(|(label, path)| (label.to_owned(), Input::File(path.into())));
    Filling {
        inputs: vec![
            ("df".to_owned(), Input::File("it's/a b".into())),
            ("lines".to_owned(), Input::Gathered(gathered.to_vec())),
        ],
        outputs: vec![("out".to_owned(), "o/x.txt".into())],
        parameters: serde_json::from_str(r#"{"n": 3, "rate": 0.5, "name": "a; rm -rf /"}"#).unwrap(),
        partition: Some(2),
        seed: None,
        failed: serde_json::json!({"data1": {"seed41": "it's"}, "data2": "raised"}),
        lists: Utf8PathBuf::new(),
    }
}

#[test]
fn a_bar_is_a_filter_only_where_a_template_has_one() {
    for sound in [
        "a | b",
        "{{ inputs.x | list_file }} | sort",
        "{% raw %}{{ .Names | json }}{% endraw %}",
        "{{ parameters.sep | default('a|b') }}",
        "{# {{ x | none_such }} #}",
        "{% if partition is not none and seed is defined %}x{% endif %}",
        "{{ inputs.x|join(' ')|upper }}",
    ] {
        assert!(check(sound).is_ok(), "{sound}");
    }
    for (flawed, name) in [
        ("{{ inputs.x | listfile }}", "listfile"),
        ("{% filter none_such %}x{% endfilter %}", "none_such"),
        ("{{ 1 is none_such }}", "none_such"),
        ("{{ 1 is not none_such }}", "none_such"),
    ] {
        let error = check(flawed).unwrap_err();
        assert_eq!(&flawed[error.span.unwrap().range()], name);
    }
}

#[test]
fn whoever_asks_for_a_partition_does_not_only_print_it() {
    assert!(only_prints("echo {{ partition }} {{- partition -}}", "partition"));
    for other in [
        "{% if partition %}{{ partition }}{% endif %}",
        "{{ partition or 1 }}",
        "{{ partition | default(1) }}",
        "echo partition",
    ] {
        assert!(!only_prints(other, "partition"), "{other}");
    }
}

#[test]
fn a_list_file_has_a_path_on_each_line() {
    let folder = tempfile::tempdir().unwrap();
    let lists = Utf8PathBuf::try_from(folder.path().join("two words")).unwrap();
    let fill = |template: &str| fill(template, Filling { lists: lists.clone(), ..filling() });
    let line = fill("xargs cat < {{ inputs.lines | list_file }} | wc {{ inputs.df | list_file }}").unwrap();
    assert_eq!(line, format!("xargs cat < '{lists}/list1.txt' | wc '{lists}/list2.txt'"));
    let read = |name: &str| std::fs::read_to_string(lists.join(name)).unwrap();
    assert_eq!((read("list1.txt"), read("list2.txt")), ("a/x\nb c\n".to_owned(), "it's/a b\n".to_owned()));
    assert_eq!(inputs("{{ inputs.lines | list_file }}"), Some(vec!["lines".to_owned()]));
}

#[test]
fn what_is_printed_is_quoted() {
    let fill = |template: &str| fill(template, filling()).unwrap();
    assert_eq!(fill("wc < {{ inputs.df }} > {{ outputs.out }}"), r"wc < 'it'\''s/a b' > o/x.txt");
    assert_eq!(fill("cat {{ inputs.lines }}"), "cat a/x 'b c'");
    assert_eq!(fill("cat {{ inputs.lines.data2 }}"), "cat 'b c'");
    assert_eq!(fill("{{ parameters.n }} {{ parameters.rate }} {{ parameters.name }}"), "3 0.5 'a; rm -rf /'");
    assert_eq!(fill("p{{ partition }} s{{ seed }}\n"), "p2 s\n");
    assert_eq!(fill("{% for k in inputs.lines %}{{ k }} {% endfor %}"), "data1 data2 ");
}

#[test]
fn how_things_failed_is_printed_as_json_and_can_be_looked_into() {
    let fill = |template: &str| fill(template, filling()).unwrap();
    let all = r#"'{"data1":{"seed41":"it'\''s"},"data2":"raised"}'"#;
    assert_eq!(fill("{{ failed }}"), all);
    assert_eq!(fill("{{ failed.data2 }} {{ failed.data1 }}"), r#"raised '{"seed41":"it'\''s"}'"#);
    assert_eq!(
        fill("{% for label in failed %}{{ label }} {% endfor %}{{ failed | length }}"),
        "data1 data2 2"
    );
    assert_eq!(fill("{% if failed %}some{% endif %}"), "some");
    let none = Filling { failed: serde_json::json!({}), ..filling() };
    assert_eq!(super::fill("{{ failed }}{% if failed %}some{% endif %}", none).unwrap(), "'{}'");
}

#[test]
fn members_are_found_however_they_are_spelt() {
    let template =
        r#"{{ inputs.a.b }}{{ inputs["c"]['d-e'] }}{{ x.inputs.no }}{{ inputs[k] }}{{ inputs.f.g() }}"#;
    let found = references(template, "inputs");
    let paths: Vec<_> = found.iter().map(|found| found.path.join(" ")).collect();
    assert_eq!(paths, ["a b", "c d-e", "f"]);
    assert_eq!(&template[found[1].span(1).range()], r#"inputs["c"]"#);
    assert_eq!(&template[found[0].span(2).range()], "inputs.a.b");
    assert!(references("{% for inputs in x %}{{ inputs.a }}{% endfor %}", "inputs").is_empty());
}

#[test]
fn what_is_missed_when_it_is_filled_in_is_named() {
    for (template, message, near) in [
        ("{% set k = 'dff' %}{{ inputs[k] }}", "`inputs` has no `dff` (it has `df` and `lines`)", "df"),
        (
            "{% set k = 'data3' %}{{ inputs.lines[k] }}",
            "`inputs.lines` has no `data3` (it has `data1` and `data2`)",
            "data1",
        ),
        ("{{ parameters['r' ~ 'at'] }}", "`parameters` has no `rat` (it has `n`, `rate` and `name`)", "rate"),
    ] {
        let error = fill(template, filling()).unwrap_err();
        assert_eq!(error.message, message);
        assert_eq!(error.help, Some(format!("did you mean `{near}`?")));
    }
    assert_eq!(fill("{{ inputs.none | default('') }}x", filling()).unwrap(), "''x");
}

#[test]
fn unknown_names_are_errors() {
    assert!(fill("{{ inputs.nothing }}", filling()).is_err());
    assert!(check("{{ inputs.df }}").is_ok());
    assert_eq!(check("{{ input.df }}").unwrap_err().message, "nothing is called `input`");
    assert!(check("{{ inputs.df ").unwrap_err().span.is_some());
}

#[test]
fn knows_what_a_template_observes() {
    assert_eq!(parameters("{{ parameters.b }}{{ parameters.a.c }}"), Some(vec!["a".into(), "b".into()]));
    assert_eq!(parameters("{{ inputs.x }}"), Some(vec![]));
    assert_eq!(parameters("{{ parameters[inputs.x] }}"), None);
    assert_eq!(inputs("{{ inputs.df }}"), Some(vec!["df".into()]));
    assert!(uses("{{ seed }}", "seed") && !uses("{{ partition }}", "seed"));
}
