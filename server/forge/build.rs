//! A change of the starter library is a change of the program.

fn main() {
    println!("cargo:rerun-if-changed=starter");
}
