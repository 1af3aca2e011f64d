//! Writes a [`Document`] as XML that any parser reads back as the same tree: no white space is added, and what
//! a parser would normalise is written as character references.

use std::fmt::{self, Write};

use super::document::{Document, NodeId, NodeKind};

impl Document {
    /// The document as XML, on one line unless its content has line breaks.
    pub fn to_xml(&self) -> String {
        let mut xml = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_xml(&mut xml);
        xml
    }

    /// Writes the document as XML. Not recursive: trees may be deep.
    pub fn write_xml(&self, out: &mut impl Write) -> fmt::Result {
        let mut open: Vec<u32> = Vec::new();
        for index in 1..self.nodes.len() as u32 {
            while let Some(last) = open.pop_if(|last| self.end(*last) <= index) {
                write!(out, "</{}>", self.name(NodeId::tree(last)))?;
            }
            if self.write_node(out, NodeId::tree(index))? {
                open.push(index);
            }
        }
        open.iter().rev().try_for_each(|last| write!(out, "</{}>", self.name(NodeId::tree(*last))))
    }

    /// Writes one node (for an element, the start tag). Returns whether an end tag is still due.
    fn write_node(&self, out: &mut impl Write, node: NodeId) -> Result<bool, fmt::Error> {
        match self.kind(node) {
            NodeKind::Element => {
                write!(out, "<{}", self.name(node))?;
                for attribute in self.attributes(node) {
                    write!(out, " {}=\"", self.name(attribute))?;
                    escape(out, &self.string_value(attribute), Context::Attribute)?;
                    out.write_char('"')?;
                }
                let has_content = self.end(node.tree) > node.tree + 1;
                out.write_str(if has_content { ">" } else { "/>" })?;
                return Ok(has_content);
            }
            NodeKind::Text => escape(out, &self.string_value(node), Context::Text)?,
            NodeKind::Comment => write!(out, "<!--{}-->", self.string_value(node))?,
            NodeKind::ProcessingInstruction => {
                let content = self.string_value(node);
                let space = if content.is_empty() { "" } else { " " };
                write!(out, "<?{}{space}{content}?>", self.name(node))?;
            }
            NodeKind::Root | NodeKind::Attribute => {}
        }
        Ok(false)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    Attribute,
    Text,
}

fn escape(out: &mut impl Write, text: &str, place: Context) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' if place == Context::Attribute => out.write_str("&quot;")?,
            '\r' => out.write_str("&#13;")?,
            '\n' | '\t' if place == Context::Attribute => write!(out, "&#{};", c as u32)?,
            // No XML 1.0 document can hold these, not even as references.
            c if !is_xml_char(c) => out.write_char('\u{FFFD}')?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

fn is_xml_char(c: char) -> bool {
    !matches!(c, '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}
