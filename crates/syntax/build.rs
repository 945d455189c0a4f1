//! Generates the parser from `src/grammar.lalrpop`.

fn main() {
    lalrpop::Configuration::new()
        .emit_rerun_directives(true)
        .use_cargo_dir_conventions()
        .process_file("src/grammar.lalrpop")
        .expect("the grammar is LR(1)");
}
