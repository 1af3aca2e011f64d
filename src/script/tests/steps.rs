//! Steps are found without running anything.

use super::*;

const IMPORT: &str = "from expops.core import process, step\n";

fn steps(files: &Files<'_>) -> Vec<String> {
    Project::new(files).reach("main.py", "f").steps.into_iter().map(|step| step.name).collect()
}

fn steps_of(text: &str) -> Vec<String> {
    steps(&[("main.py", &format!("{IMPORT}{text}"))])
}

#[test]
fn nested_called_renamed_and_in_order() {
    let text = "@step()\ndef late(x): return x\n@step(name='first')\ndef early(x): return x\n@step\ndef never(x): return x\n\
                @process()\ndef f(df):\n    @step()\n    def inner(x):\n        return early(x)\n    y = inner(df)\n    return late(y)\n";
    assert_eq!(steps_of(text), ["inner", "first", "late"]);
}

#[test]
fn through_helpers_classes_and_modules() {
    let main = format!(
        "{IMPORT}import work\nfrom pkg.more import run as go\nclass M:\n    @step()\n    def fit(self): return work.score()\n\
                        def helper(): return M().fit()\ndef f(df):\n    helper()\n    return go(df)\n"
    );
    let work =
        "from expops import core\n@core.step()\ndef score(): return 1\n@core.step()\ndef other(): return 1\n";
    let more = "import expops.core as c\n@c.step(name='deep')\ndef run(x): return run(x)\n";
    assert_eq!(
        steps(&[("main.py", &main), ("work.py", work), ("pkg/more.py", more)]),
        ["fit", "score", "deep"]
    );
}

#[test]
fn made_by_assignment_or_imported_in_the_function() {
    assert_eq!(steps_of("def g(x): return x\nh = step(name='s')(g)\ndef f(df): return h(df)\n"), ["s"]);
    let text = "def f(df):\n    from expops.core import step as s\n    @s('late')\n    def g(): pass\n    return g()\n";
    assert_eq!(steps(&[("main.py", text)]), ["late"]);
}

#[test]
fn other_decorators_are_no_steps() {
    assert_eq!(steps_of("def other(f): return f\n@other\ndef g(): pass\ndef f(): return g()\n"), [""; 0]);
    assert_eq!(
        steps_of(
            "step = 1\ndef f():\n    def step(x): return x\n    @step\n    def g(): pass\n    return g\n"
        ),
        [""; 0]
    );
}

#[test]
fn a_long_chain_of_calls_does_not_overflow() {
    let mut text = String::from(IMPORT);
    (0..20_000).for_each(|i| text.push_str(&format!("def g{i}(): return g{}()\n", i + 1)));
    text.push_str("@step()\ndef g20000(): return 1\ndef f(): return g0()\n");
    assert_eq!(steps(&[("main.py", &text)]), ["g20000"]);
}
