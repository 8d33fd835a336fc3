//! A change of the built site is a change of the program that carries it.

fn main() {
    println!("cargo:rerun-if-changed=../target/site/manifest.json");
}
