//! Lays out long lists: on one line if they fit, else one name on each line, so that adding or removing a name
//! changes one line of the file.

/// The width that lines are wrapped at.
const WIDTH: usize = 100;

/// A Ninja statement that builds `outputs` by a rule. The inputs always start a line. Outputs that need several
/// lines are indented less than the inputs, with the rule's name on a line between the two. A `phony` statement
/// takes one line if it fits.
pub(super) fn statement(outputs: &[String], rule: &str, inputs: &[String], implicit: &[String]) -> String {
    let words = [outputs, inputs, implicit].map(width).iter().sum::<usize>();
    let mut text = String::with_capacity(words + WIDTH);
    text.push_str("build ");
    if text.len() + width(outputs) + rule.len() + 3 <= WIDTH {
        push(&mut text, outputs, " ");
        text.push_str(": ");
    } else {
        push(&mut text, outputs, " $\n    ");
        text.push_str(" $\n  : ");
    }
    text.push_str(rule);
    if rule == "phony" && implicit.is_empty() && text.len() + width(inputs) <= WIDTH {
        text.push_str(if inputs.is_empty() { "" } else { " " });
        push(&mut text, inputs, " ");
        return text;
    }
    let is_long = |words: &[String], taken| width(words) + taken > WIDTH;
    let separator = |is_long| if is_long { NEXT } else { " " };
    if !inputs.is_empty() {
        text.push_str(NEXT);
        push(&mut text, inputs, separator(is_long(inputs, 8)));
    }
    if !implicit.is_empty() {
        let are_long = is_long(inputs, 8) || is_long(implicit, 10);
        let is_alone = inputs.is_empty() || are_long || width(inputs) + width(implicit) + 11 > WIDTH;
        text.push_str(separator(is_alone));
        text.push_str("| ");
        push(&mut text, implicit, separator(is_long(implicit, 10)));
    }
    text
}

/// Begins another line of a Ninja statement.
const NEXT: &str = " $\n        ";

/// The columns that `words` take on one line, with a blank after each.
fn width(words: &[String]) -> usize {
    words.iter().map(|word| word.len() + 1).sum()
}

/// Appends `words`, with `separator` between them: what is written a million times is not put together first.
fn push(text: &mut String, words: &[String], separator: &str) {
    for (i, word) in words.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { separator });
        text.push_str(word);
    }
}

/// A rule of Make. Its recipe follows a semicolon: the prefix of a recipe on its own line is up to the
/// including Makefile.
pub(super) fn rule(targets: &[String], prerequisites: &[String], recipe: &str) -> String {
    let head = format!("{}:", list(targets, CONTINUED, 3));
    let recipe = if recipe.is_empty() { String::new() } else { format!(" ; {recipe}") };
    let tail = prerequisites.join(" ");
    if !head.contains('\n') && head.len() + tail.len() + recipe.len() < WIDTH {
        return format!("{head}{}{tail}{recipe}", if tail.is_empty() { "" } else { " " });
    }
    let tail = list(prerequisites, CONTINUED, 6);
    let recipe = if recipe.is_empty() { recipe } else { format!("{CONTINUED}{}", recipe.trim_start()) };
    format!("{head}{CONTINUED}{tail}{recipe}")
}

/// Continues a line of Make.
const CONTINUED: &str = " \\\n    ";

/// A list for Make, as the value of a variable or after a directive, with some columns left for the name before
/// it.
pub(super) fn words(words: &[String]) -> String {
    list(words, CONTINUED, 20)
}

/// `words` on one line, or one on each line if they would not fit after `taken` columns.
fn list(words: &[String], separator: &str, taken: usize) -> String {
    words.join(if width(words) + taken <= WIDTH { " " } else { separator })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (1..=count).map(|n| format!("build/some_process/p{n}/stamp")).collect()
    }

    #[test]
    fn no_line_is_wider_than_the_width_and_one_more_name_is_one_more_line() {
        for (outputs, inputs) in [(1, 1), (3, 1), (4, 9), (1, 3), (0, 0)] {
            for text in [
                statement(&names(outputs), "expops_exec", &names(inputs), &names(1)),
                rule(&names(outputs), &names(inputs), "@$(expops_exec) some_process/p1"),
            ] {
                assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
            }
        }
        let (nine, ten) = (statement(&names(9), "r", &[], &[]), statement(&names(10), "r", &[], &[]));
        let added: Vec<_> = ten.lines().filter(|line| !nine.lines().any(|old| old == *line)).collect();
        assert_eq!(added, ["    build/some_process/p10/stamp $"]);
    }

    #[test]
    fn the_rule_and_the_inputs_stand_where_the_eye_finds_them() {
        let short = statement(&names(1), "expops_exec", &names(1), &["shared".to_owned()]);
        let expected =
            "build build/some_process/p1/stamp: expops_exec $\n        build/some_process/p1/stamp | shared";
        assert_eq!(short, expected);
        let long = statement(&names(4), "expops_exec", &names(1), &[]);
        assert!(
            long.ends_with("p4/stamp $\n  : expops_exec $\n        build/some_process/p1/stamp"),
            "{long}"
        );
    }
}
