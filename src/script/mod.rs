//! stub
use camino::{Utf8Path, Utf8PathBuf};
use crate::diagnostic::{Diagnostic, codes};
use crate::digest::Digest;
#[derive(Debug)]
pub struct Library { root: Utf8PathBuf, files: Vec<Utf8PathBuf> }
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role { Process, Step, Chart }
#[derive(Debug, Clone)]
pub struct Parameter { pub name: String, pub required: bool }
#[derive(Debug, Clone)]
pub struct Function { pub name: String, pub parameters: Vec<Parameter>, pub takes_everything: bool, pub role: Option<Role> }
pub struct Reach { pub digest: Digest }
impl Library {
    pub fn new(root: &Utf8Path, _f: Vec<Utf8PathBuf>) -> Self { Self { root: root.into(), files: vec![] } }
    fn text(&mut self, script: &Utf8Path) -> Result<String, Diagnostic> {
        if !self.files.contains(&script.to_owned()) { self.files.push(script.to_owned()); }
        std::fs::read_to_string(self.root.join(script)).map_err(|e| Diagnostic::new(&codes::SCRIPT_READ, format!("{script}: {e}")))
    }
    pub fn function(&mut self, script: &Utf8Path, name: &str) -> Result<Option<Function>, Diagnostic> {
        let t = self.text(script)?;
        let m = ruff_python_parser::parse_module(&t).map_err(|e| Diagnostic::new(&codes::SCRIPT_SYNTAX, e.to_string()))?;
        for s in &m.syntax().body { if let ruff_python_ast::Stmt::FunctionDef(f) = s { if f.name.as_str() == name {
            let ps = f.parameters.iter_non_variadic_params().map(|p| Parameter { name: p.parameter.name.to_string(), required: p.default.is_none() }).collect();
            let role = f.decorator_list.iter().find_map(|d| { let t = &t[d.expression.range().start().to_usize()..d.expression.range().end().to_usize()]; if t.starts_with("process") { Some(Role::Process) } else if t.starts_with("chart") { Some(Role::Chart) } else { None } });
            return Ok(Some(Function { name: name.into(), parameters: ps, takes_everything: f.parameters.kwarg.is_some(), role }));
        } } }
        Ok(None)
    }
    pub fn function_names(&mut self, _s: &Utf8Path) -> Vec<String> { vec![] }
    pub fn reach(&mut self, script: &Utf8Path, _f: &str) -> Result<Reach, Diagnostic> { Ok(Reach { digest: Digest::of(self.text(script)?) }) }
    pub fn files(&self) -> Vec<Utf8PathBuf> { self.files.clone() }
}
use ruff_text_size::Ranged;
