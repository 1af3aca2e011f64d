use super::*;

#[test]
fn depth() {
    for n in [16usize, 64, 128, 256] {
        for (o, c) in [("(", ")"), ("a[", "]"), ("not(", ")")] {
            let text = format!("{}a{}", o.repeat(n), c.repeat(n));
            let t = std::time::Instant::now();
            let handle = std::thread::Builder::new().stack_size(2 << 20).spawn(move || parse(&text).map(|e| e.to_string().len())).unwrap();
            eprintln!("{n} {o} {:?} {:?}", handle.join().unwrap(), t.elapsed());
        }
    }
}
#[test]
fn messages() {
    for text in ["", " ", "a/", "/a//", "a/[1]", "foo::a", "decendant::a", "a div2", "a[@b == 1]", "a[b", "a]", "'x", "a && b", "text(1)", "a b", "a,b", "child::", "@", "a[]", "count(,a)", "count(a,)","a and", "a/(b|c)", "a..", "..1", "1 2", "a||b","////","a:b:c","a : b","$", "()", "a[(])", "a!b", "f(a b)", "a=", "a @b", "'a''b'", "*(1)", "processing-instruction(a)", ".[1]", "a/5", "/ /a", "* * *", "div div mod", "a[1]b","“x”"] {
        match parse(text) { Ok(e) => eprintln!("{text:30} ok {e}"), Err(e) => eprintln!("{text:30} {:?} {} ({:?})", e.span, e.message, e.help) }
    }
}
