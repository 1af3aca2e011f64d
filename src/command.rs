//! Templates of shell commands: checked when compiling, filled in when running. Every path and value is printed quoted
//! for the shell, so that no name can break a command.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use minijinja::machinery::{self, Token};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::diagnostic::{list, nearest};
use crate::numbers;
use crate::quote;
use crate::source::Span;

/// The name under which an aggregation finds how the missing ones among what it gathers failed.
pub(crate) const FAILED: &str = "failed";

/// What a template may refer to.
pub(crate) const NAMES: [&str; 6] = ["inputs", "outputs", "parameters", "partition", "seed", FAILED];

/// The filter that writes paths to a file, and gives that.
pub(crate) const LIST_FILE: &str = "list_file";

/// Why a template cannot be used.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// One sentence.
    pub message: String,
    /// The place in the template, if one is to blame.
    pub span: Option<Span>,
    /// The unknown name, if one is to blame: a variable, a filter or a test.
    pub name: Option<String>,
    /// What to do about it, if that can be told.
    pub help: Option<String>,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Self {
            message: detail,
            span: error.range().map(|range| Span::new(range.start, range.end)),
            name: None,
            help: None,
        }
    }
}

/// A named input of a command: a file, or what an aggregation gathers under labels.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A file.
    File(Utf8PathBuf),
    /// Label (`data1`, `seed41`) to input, in order.
    Gathered(Vec<(String, Input)>),
}

/// What to fill a template with.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    /// Inputs by key.
    pub inputs: Vec<(String, Input)>,
    /// Output files by key.
    pub outputs: Vec<(String, Utf8PathBuf)>,
    /// Parameters by name.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// The number of the innermost partition.
    pub partition: Option<u64>,
    /// The innermost seed.
    pub seed: Option<u64>,
    /// How the missing ones among what it gathers failed: kinds by label.
    pub failed: serde_json::Value,
    /// The folder of the files that `list_file` writes.
    pub lists: Utf8PathBuf,
}

fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().expect("the usual delimiters")
}

fn environment<'t>() -> Environment<'t> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(syntax());
    environment.set_formatter(|out, _, value| Ok(out.write_str(&printed(value)?)?));
    environment
}

/// Checks the syntax of a template and its top-level names.
pub(crate) fn check(source: &str) -> Result<(), CommandError> {
    let environment = environment();
    let template = environment.template_from_str(source)?;
    let unknown =
        template.undeclared_variables(false).into_iter().find(|name| !NAMES.contains(&name.as_str()));
    if let Some(name) = unknown {
        let span = find(source, &name);
        let message = format!("nothing is called `{name}`");
        return Err(CommandError { message, span, name: Some(name), help: None });
    }
    match applied(source).find(|applied| !applied.is_known(&environment)) {
        None => Ok(()),
        Some(Applied { kind, name, span }) => Err(CommandError {
            message: format!("there is no {kind} `{name}`"),
            span: Some(span),
            name: Some(name),
            help: None,
        }),
    }
}

/// A filter or a test in a template.
struct Applied {
    /// `filter` or `test`.
    kind: &'static str,
    name: String,
    span: Span,
}

impl Applied {
    /// Which filters and tests there are is known only to who applies one.
    fn is_known(&self, environment: &Environment<'_>) -> bool {
        let (sign, unknown) = match self.kind {
            "filter" => ("|", ErrorKind::UnknownFilter),
            _ => ("is", ErrorKind::UnknownTest),
        };
        let expression = format!("none {sign} {}", self.name);
        let applied = environment.compile_expression(&expression).and_then(|compiled| compiled.eval(()));
        self.name == LIST_FILE || !applied.is_err_and(|error| error.kind() == unknown)
    }
}

/// The filters and tests in a template that can be read.
fn applied(source: &str) -> impl Iterator<Item = Applied> {
    let tokens = tokens(source);
    let count = tokens.len();
    let kind = move |i: usize| {
        let before = |steps: usize| i.checked_sub(steps).map(|at| &tokens[at].0);
        let Token::Ident(name) = tokens[i].0 else { return None };
        let kind = match (before(1), before(2)) {
            (Some(Token::Pipe), _) => "filter",
            (Some(Token::Ident("filter")), Some(Token::BlockStart)) => "filter",
            (Some(Token::Ident("is")), _) if name != "not" => "test",
            (Some(Token::Ident("not")), Some(Token::Ident("is"))) => "test",
            _ => return None,
        };
        Some(Applied { kind, name: name.to_owned(), span: tokens[i].1 })
    };
    (0..count).filter_map(kind)
}

/// Whether a template prints `name` by itself, and does nothing else with it.
pub(crate) fn only_prints(template: &str, name: &str) -> bool {
    let tokens = tokens(template);
    let is_it = |i: &usize| matches!(tokens[*i].0, Token::Ident(word) if word == name);
    let is_alone = |i: usize| {
        i > 0
            && matches!(tokens[i - 1].0, Token::VariableStart)
            && matches!(tokens.get(i + 1), Some((Token::VariableEnd, _)))
    };
    let mut found = (0..tokens.len()).filter(is_it).peekable();
    found.peek().is_some() && found.all(is_alone)
}

/// The tokens of a template; none of one that cannot be read.
fn tokens(source: &str) -> Vec<(Token<'_>, Span)> {
    let place = |(token, span): (_, machinery::Span)| {
        (token, Span::new(span.start_offset as usize, span.end_offset as usize))
    };
    let tokens: Result<Vec<_>, _> = machinery::tokenize(source, false, syntax()).collect();
    tokens.unwrap_or_default().into_iter().map(place).collect()
}

/// The parameters that a template names; `None` if it may use any of them.
pub(crate) fn parameters(template: &str) -> Option<Vec<String>> {
    members(template, "parameters")
}

/// The input keys that a template names; `None` if it may use any of them.
pub(crate) fn inputs(template: &str) -> Option<Vec<String>> {
    members(template, "inputs")
}

/// The members of the mapping `kind` that a template names, sorted; `None` if it may use any of them.
pub(crate) fn members(template: &str, kind: &str) -> Option<Vec<String>> {
    let environment = environment();
    let names: HashSet<String> = environment.template_from_str(template).ok()?.undeclared_variables(true);
    if names.contains(kind) {
        return None;
    }
    let member = |name: &String| {
        let rest = name.strip_prefix(kind)?.strip_prefix('.')?;
        Some(rest.split('.').next().unwrap_or_default().to_owned())
    };
    let mut members: Vec<_> = names.iter().filter_map(member).collect();
    members.sort();
    members.dedup();
    Some(members)
}

/// A place in a template that spells out what it takes: `inputs.r.data1`, `inputs["r"]["data1"]`.
pub(crate) struct Reference {
    /// The names, without that of the mapping: `r`, `data1`.
    pub path: Vec<String>,
    start: usize,
    /// Where each of the names ends.
    ends: Vec<usize>,
}

impl Reference {
    /// The place of the mapping and of the first `count` names.
    pub(crate) fn span(&self, count: usize) -> Span {
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last)).unwrap_or(&self.start);
        Span::new(self.start, *end)
    }
}

/// The members of the mapping `kind` that a template spells out, in whichever way.
pub(crate) fn references(template: &str, kind: &str) -> Vec<Reference> {
    let environment = environment();
    let names = environment.template_from_str(template).map(|parsed| parsed.undeclared_variables(false));
    if !names.is_ok_and(|names| names.contains(kind)) {
        return Vec::new();
    }
    let tokens = tokens(template);
    let is_it = |i: &usize| {
        let is_member = i.checked_sub(1).is_some_and(|before| matches!(tokens[before].0, Token::Dot));
        !is_member && matches!(tokens[*i].0, Token::Ident(name) if name == kind)
    };
    let found = (0..tokens.len()).filter(is_it).map(|i| reference(&tokens[i..]));
    found.filter(|found| !found.path.is_empty()).collect()
}

/// What the tokens from the name of a mapping on refer to.
fn reference(tokens: &[(Token<'_>, Span)]) -> Reference {
    let (mut path, mut ends, mut rest) = (Vec::new(), Vec::new(), &tokens[1..]);
    loop {
        let (name, end, count) = match rest {
            [(Token::Dot, _), (Token::Ident(name), span), ..] => ((*name).to_owned(), span.range().end, 2),
            [(Token::BracketOpen, _), (Token::Str(name), _), (Token::BracketClose, span), ..] => {
                ((*name).to_owned(), span.range().end, 3)
            }
            [(Token::BracketOpen, _), (Token::String(name), _), (Token::BracketClose, span), ..] => {
                (name.to_string(), span.range().end, 3)
            }
            // A method is no member.
            [(Token::ParenOpen, _), ..] if path.len() > 1 => {
                path.pop();
                break;
            }
            _ => break,
        };
        path.push(name);
        ends.push(end);
        rest = &rest[count..];
    }
    Reference { path, start: tokens[0].1.range().start, ends }
}

/// Whether a template uses `name`, one of [`NAMES`].
pub(crate) fn uses(template: &str, name: &str) -> bool {
    let environment = environment();
    let names = environment.template_from_str(template).map(|t| t.undeclared_variables(false));
    names.map_or(true, |names| names.contains(name))
}

/// Where a template contains `word` as a whole word inside braces.
pub(crate) fn find(template: &str, word: &str) -> Option<Span> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let fits = |start: &usize| {
        let (before, after) = (&template[..*start], &template[start + word.len()..]);
        let in_braces =
            before.rfind("{{").max(before.rfind("{%")) > before.rfind("}}").max(before.rfind("%}"));
        in_braces && !before.ends_with(|c| is_part(c) || c == '.') && !after.starts_with(is_part)
    };
    let start = template.match_indices(word).map(|(start, _)| start).find(fits)?;
    Some(Span::new(start, start + word.len()))
}

/// Fills in a template.
pub(crate) fn fill(template: &str, filling: Filling) -> Result<String, CommandError> {
    let missed = Missed::default();
    let outputs = filling.outputs.into_iter().map(|(key, path)| (key, Value::from(path.into_string())));
    let parameters = filling.parameters.into_iter();
    let parameters = parameters.map(|(name, value)| (name, Value::from(Serde(numbers::as_texts(value)))));
    let context = minijinja::context! {
        inputs => gathered(filling.inputs, "inputs", &missed),
        outputs => OrderedMap::value(outputs.collect(), "outputs", &missed),
        parameters => OrderedMap::value(parameters.collect(), "parameters", &missed),
        partition => filling.partition,
        seed => filling.seed,
        failed => printed_as_json(filling.failed, FAILED, &missed),
    };
    let mut environment = environment();
    let (folder, count) = (filling.lists, AtomicUsize::new(0));
    let list_file = move |value: Value| {
        let path = folder.join(format!("list{}.txt", count.fetch_add(1, Ordering::Relaxed) + 1));
        write_list(&path, &value).map(|()| path.into_string())
    };
    environment.add_filter(LIST_FILE, list_file);
    environment.render_str(template, context).map_err(|error| match missed.take() {
        Some(missed) if error.kind() == ErrorKind::UndefinedError => missed,
        _ => error.into(),
    })
}

/// Writes the paths in an input to a file, one per line: with thousands of partitions, the command line would exceed
/// the system's limit.
fn write_list(path: &Utf8Path, value: &Value) -> Result<(), Error> {
    let mut lines = Vec::new();
    collect(value, &mut lines)?;
    if lines.iter().any(|line| line.contains('\n')) {
        let message = "a path with a newline cannot be part of a list file";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let written =
        path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, text));
    written
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("cannot write `{path}`: {error}")))
}

/// Collects the texts in a value, at any depth, in order.
fn collect(value: &Value, lines: &mut Vec<String>) -> Result<(), Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::Map, _) => value.try_iter()?.try_for_each(|key| collect(&value.get_item(&key)?, lines)),
        (ValueKind::Seq | ValueKind::Iterable, _) => {
            value.try_iter()?.try_for_each(|item| collect(&item, lines))
        }
        (_, Some(text)) => {
            lines.push(text.to_owned());
            Ok(())
        }
        _ => {
            lines.push(value.to_string());
            Ok(())
        }
    }
}

/// The mapping called `name` of inputs, by key or by label.
fn gathered(inputs: Vec<(String, Input)>, name: &str, missed: &Missed) -> Value {
    let value = |(key, input): (String, Input)| {
        let value = match input {
            Input::File(path) => Value::from(path.into_string()),
            Input::Gathered(labels) => gathered(labels, &format!("{name}.{key}"), missed),
        };
        (key, value)
    };
    OrderedMap::value(inputs.into_iter().map(value).collect(), name, missed)
}

/// What a template last asked a mapping for in vain: the template engine names only the place.
#[derive(Clone, Debug, Default)]
struct Missed(Arc<Mutex<Option<CommandError>>>);

impl Missed {
    fn put(&self, error: CommandError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take(&self) -> Option<CommandError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A value whose mappings can be looked into, and are printed as JSON.
fn printed_as_json(json: serde_json::Value, name: &str, missed: &Missed) -> Value {
    match json {
        serde_json::Value::Object(entries) => {
            let json = serde_json::to_string(&entries).ok();
            let inside =
                |key: String, value| (key.clone(), printed_as_json(value, &format!("{name}.{key}"), missed));
            let values = entries.into_iter().map(|(key, value)| inside(key, value));
            OrderedMap::with_text(values.collect(), json, (name, missed))
        }
        other => Value::from(Serde(other)),
    }
}

/// A mapping that keeps the order of its keys.
#[derive(Debug)]
struct OrderedMap {
    order: Vec<String>,
    values: BTreeMap<String, Value>,
    /// What it is printed as; all its values, if that is `None`.
    text: Option<String>,
    /// How the template refers to it.
    name: String,
    missed: Missed,
}

impl OrderedMap {
    fn value(entries: Vec<(String, Value)>, name: &str, missed: &Missed) -> Value {
        Self::with_text(entries, None, (name, missed))
    }

    fn with_text(
        entries: Vec<(String, Value)>,
        text: Option<String>,
        (name, missed): (&str, &Missed),
    ) -> Value {
        let order = entries.iter().map(|(name, _)| name.clone()).collect();
        let values = entries.into_iter().collect();
        Value::from_object(Self { order, values, text, name: name.to_owned(), missed: missed.clone() })
    }

    fn has_no(&self, key: &Value) -> CommandError {
        let (key, names) = (key.to_string(), || self.order.iter().map(String::as_str));
        let has = if self.order.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it has {}", list(names()))
        };
        let help = nearest(&key, names()).map(|near| format!("did you mean `{near}`?"));
        let message = format!("`{}` has no `{key}` ({has})", self.name);
        CommandError { message, span: None, name: Some(key), help }
    }
}

impl Object for OrderedMap {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = key.as_str().and_then(|key| self.values.get(key));
        if found.is_none() {
            self.missed.put(self.has_no(key));
        }
        found.cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.order.iter().map(|name| Value::from(name.clone())).collect())
    }
}

/// A value as words of the shell: a mapping or a list prints everything in it.
fn printed(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.downcast_object_ref::<OrderedMap>().and_then(|map| map.text.as_ref()) {
        return Ok(quote::word(text));
    }
    match value.kind() {
        // What a template marks `| safe` is its author's responsibility.
        ValueKind::String if value.is_safe() => Ok(value.to_string()),
        ValueKind::String => Ok(quote::word(value.as_str().unwrap_or_default())),
        ValueKind::None => Ok(String::new()),
        ValueKind::Map => {
            let entries = value.try_iter()?.map(|key| printed(&value.get_item(&key)?));
            Ok(entries.collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            Ok(value.try_iter()?.map(|item| printed(&item)).collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        ValueKind::Undefined => Err(Error::from(minijinja::ErrorKind::UndefinedError)),
        _ => Ok(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
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
        let line =
            fill("xargs cat < {{ inputs.lines | list_file }} | wc {{ inputs.df | list_file }}").unwrap();
        assert_eq!(line, format!("xargs cat < '{lists}/list1.txt' | wc '{lists}/list2.txt'"));
        let read = |name: &str| std::fs::read_to_string(lists.join(name)).unwrap();
        assert_eq!(
            (read("list1.txt"), read("list2.txt")),
            ("a/x\nb c\n".to_owned(), "it's/a b\n".to_owned())
        );
        assert_eq!(inputs("{{ inputs.lines | list_file }}"), Some(vec!["lines".to_owned()]));
    }

    #[test]
    fn what_is_printed_is_quoted() {
        let fill = |template: &str| fill(template, filling()).unwrap();
        assert_eq!(fill("wc < {{ inputs.df }} > {{ outputs.out }}"), r"wc < 'it'\''s/a b' > o/x.txt");
        assert_eq!(fill("cat {{ inputs.lines }}"), "cat a/x 'b c'");
        assert_eq!(fill("cat {{ inputs.lines.data2 }}"), "cat 'b c'");
        assert_eq!(
            fill("{{ parameters.n }} {{ parameters.rate }} {{ parameters.name }}"),
            "3 0.5 'a; rm -rf /'"
        );
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
            (
                "{{ parameters['r' ~ 'at'] }}",
                "`parameters` has no `rat` (it has `n`, `rate` and `name`)",
                "rate",
            ),
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
}
