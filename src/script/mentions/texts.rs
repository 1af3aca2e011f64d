//! The names that a text may contain for whoever evaluates it: a query, a formula, SQL, the path of a class.

/// The chains of names in `text`, each split at its dots; `models:Net` also as `models.Net`.
pub(in crate::script) fn chains(text: &str) -> Vec<Vec<String>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut chains = Vec::new();
    if is_path_of_data(text) {
        return chains;
    }
    for token in text.split(|c: char| !is_word(c) && c != '.' && c != ':') {
        let mut spellings = vec![token.replace(':', ".")];
        spellings
            .extend(token.contains(':').then(|| token.split(':').map(str::to_owned)).into_iter().flatten());
        for spelling in spellings {
            let chain: Vec<String> =
                spelling.split('.').map(str::to_owned).take_while(|part| is_name(part)).collect();
            // `.merge` and `1.5` do not begin with a name, but names may follow.
            let rest = spelling.split('.').skip(chain.len()).filter(|part| is_name(part));
            let rest: Vec<Vec<String>> = rest.map(|part| vec![part.to_owned()]).collect();
            chains.extend((!chain.is_empty()).then_some(chain));
            chains.extend(rest);
        }
    }
    chains
}

/// Whether `text` can only be the path of a data file: no expression ends in such an ending after a division.
fn is_path_of_data(text: &str) -> bool {
    const ENDINGS: [&str; 17] = [
        "arrow", "csv", "feather", "gz", "h5", "hdf5", "joblib", "json", "jsonl", "npy", "npz", "parquet",
        "pickle", "pkl", "tsv", "txt", "zst",
    ];
    let is_of_path = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let ending = text.rsplit_once('.').map(|(_, ending)| ending);
    text.contains('/')
        && text.chars().all(is_of_path)
        && ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Whether `text` is a single name: a column, a key, a mode.
pub(in crate::script) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// The package in a text such as `env.`, the rest of which is known only at run time.
pub(in crate::script) fn package(text: &str) -> Option<Vec<String>> {
    let parts: Vec<String> = text.strip_suffix(['.', ':'])?.split('.').map(str::to_owned).collect();
    parts.iter().all(|part| is_name(part)).then_some(parts)
}

/// Whether a function of this name only displays the texts that it is given.
pub(super) fn only_shows(name: &str) -> bool {
    ["info", "debug", "warning", "warn", "error", "exception", "critical"].contains(&name)
}

/// Whether a function of this name evaluates the texts that it is given: one name alone is then a name.
pub(super) fn evaluates(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "eval",
        "query",
        "evaluate",
        "sql",
        "execute",
        "table",
        "view",
        "from_query",
        "locate",
        "resolve_name",
        "import_string",
        "substitute",
    ];
    NAMES.contains(&name)
}

/// Whether a function of this name finds names of its caller in a text that it is given.
pub(super) fn finds_names(name: &str) -> bool {
    ["eval", "query"].contains(&name)
}

/// The same, in a few libraries.
pub(super) fn may_find_names(name: &str) -> bool {
    const NAMES: [&str; 15] = [
        "evaluate",
        "sql",
        "execute",
        "from_query",
        "dmatrix",
        "dmatrices",
        "from_formula",
        "model_matrix",
        "ols",
        "glm",
        "gls",
        "wls",
        "logit",
        "probit",
        "mixedlm",
    ];
    NAMES.contains(&name)
}

/// What such functions call their text.
pub(super) const OF_TEXTS: [&str; 5] = ["expr", "expression", "query", "sql", "formula"];
