//! The canonical form of patterns (`case`) and type parameters.

use ruff_python_ast as ast;
use ruff_python_ast::{Pattern, TypeParam};

use super::writer::Canon;

impl Canon<'_> {
    pub(super) fn type_params(&mut self, params: Option<&ast::TypeParams>) {
        let params = params.map_or(&[][..], |params| &params.type_params);
        self.count(params.len());
        for param in params {
            match param {
                TypeParam::TypeVar(param) => {
                    self.tag("typevar");
                    self.text(&param.name);
                    self.maybe(param.bound.as_deref());
                    self.maybe(param.default.as_deref());
                }
                TypeParam::TypeVarTuple(param) => {
                    self.tag("typevartuple");
                    self.text(&param.name);
                    self.maybe(param.default.as_deref());
                }
                TypeParam::ParamSpec(param) => {
                    self.tag("paramspec");
                    self.text(&param.name);
                    self.maybe(param.default.as_deref());
                }
            }
        }
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::MatchValue(node) => {
                self.tag("value");
                self.expr(&node.value);
            }
            Pattern::MatchSingleton(node) => {
                self.tag("singleton");
                self.text(&format!("{:?}", node.value));
            }
            Pattern::MatchSequence(node) => {
                self.tag("sequence");
                self.patterns(&node.patterns);
            }
            Pattern::MatchMapping(node) => {
                self.tag("mapping");
                self.exprs(&node.keys);
                self.patterns(&node.patterns);
                self.name(node.rest.as_ref());
            }
            Pattern::MatchClass(node) => {
                self.tag("class");
                self.expr(&node.cls);
                self.patterns(&node.arguments.patterns);
                self.count(node.arguments.keywords.len());
                for keyword in &node.arguments.keywords {
                    self.text(&keyword.attr);
                    self.pattern(&keyword.pattern);
                }
            }
            Pattern::MatchStar(node) => {
                self.tag("star");
                self.name(node.name.as_ref());
            }
            Pattern::MatchAs(node) => {
                self.tag("as");
                self.flag(node.pattern.is_some());
                if let Some(pattern) = &node.pattern {
                    self.pattern(pattern);
                }
                self.name(node.name.as_ref());
            }
            Pattern::MatchOr(node) => {
                self.tag("or");
                self.patterns(&node.patterns);
            }
        }
    }

    fn patterns(&mut self, patterns: &[Pattern]) {
        self.count(patterns.len());
        patterns.iter().for_each(|pattern| self.pattern(pattern));
    }
}
