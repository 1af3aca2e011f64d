//! Resolves the environment of a process.

use camino::{Utf8Path, Utf8PathBuf};

use super::declared::located;
use super::model::{Environment, EnvironmentId, Work};
use super::resolve::Resolver;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, list, nearest};
use crate::source::Spanned;
use crate::syntax::{EnvironmentConfig, ProcessConfig};

impl Resolver<'_> {
    /// The environment of a process: the one it names, or the first of the project.
    pub(super) fn environment(
        &mut self,
        written: &ProcessConfig,
        work: Option<&Work>,
        sink: &mut Diagnostics,
    ) -> Option<EnvironmentId> {
        let found = match &written.environment {
            None => self.config.environments.first(),
            Some(name) => match self.config.environments.iter().find(|e| e.name.value == name.value) {
                None => {
                    sink.error(self.unknown_environment(name));
                    return None;
                }
                found => found,
            },
        }?;
        if matches!(work, None | Some(Work::Shell(_) | Work::DynamicChart(_)))
            && written.environment.is_none()
        {
            return None;
        }
        let environment = Environment {
            name: found.name.value.clone(),
            requirements: self.requirements(found),
            python: found.python.as_ref().map(|python| python.value.clone()),
            span: found.name.span,
        };
        let known = self.used.iter().position(|used| *used == environment);
        Some(EnvironmentId(known.unwrap_or_else(|| {
            self.used.push(environment);
            self.used.len() - 1
        })))
    }

    fn unknown_environment(&self, name: &Spanned<String>) -> Diagnostic {
        let names: Vec<_> = self.config.environments.iter().map(|e| e.name.value.as_str()).collect();
        let help = match nearest(&name.value, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "add it under the top-level `environment`".to_owned(),
            None => format!("`environment` has {}", list(names)),
        };
        let error =
            Diagnostic::new(&codes::UNKNOWN_ENVIRONMENT, format!("unknown environment `{}`", name.value));
        error.at(&self.config.source, name.span, "not declared under `environment`").help(help)
    }

    fn requirements(&self, environment: &EnvironmentConfig) -> Vec<Utf8PathBuf> {
        environment.files.iter().map(|file| located(self.root, Utf8Path::new(&file.value))).collect()
    }
}
