//! Compiles the library that sees what processes read (`src/watch/watch.c`), where it can be used: Linux with glibc.
//! Anywhere else, and where no C compiler works, the program carries an empty one and does without.

use std::env;
use std::fs;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=src/watch/watch.c");
    let library = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("watch.so");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let fits = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !(fits && compile(&library)) {
        fs::write(&library, "").expect("OUT_DIR can be written");
    }
    if fits {
        // It is started once for each instance. Where it could be loaded anywhere, each start would write 35,000
        // addresses into it first: half of its page faults.
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

fn compile(library: &PathBuf) -> bool {
    let Ok(compiler) = cc::Build::new().opt_level(2).pic(true).warnings(true).try_get_compiler() else {
        return false;
    };
    let mut command = compiler.to_command();
    command.args(["-std=gnu11", "-shared", "-o"]).arg(library).args(["src/watch/watch.c", "-ldl"]);
    let compiled = command.status().is_ok_and(|status| status.success());
    if !compiled {
        println!(
            "cargo:warning=src/watch/watch.c cannot be compiled: reads of libraries will be counted by folder"
        );
    }
    compiled
}
