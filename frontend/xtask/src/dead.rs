//! Code that is compiled and never run. Each view brings a second way to take over a page, behind
//! a pointer that no linker can see through: Leptos' `hydrate_async`, for islands and lazy hydration.
//! The app does not use it (`hydrate_body` takes over at once), and it is a twentieth of what is
//! downloaded. Its bodies become one instruction, which ends the app if the above ever stops being
//! true; every browser test would show it.

use std::path::Path;

use anyhow::{Context, Result};
use walrus::{FunctionBuilder, FunctionKind, Module, ModuleConfig};

/// Part of the names of functions that are never called: the state machines of that method, and not
/// what is written inside of them, which the ordinary way shares.
const NEVER: &str = "13hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$17h";
/// LLVM keeps one of several functions that do the same, under the name of any of them. Short ones
/// may stand for something that is called; a state machine of this many instructions does not.
const LEAST: u64 = 60;

/// Empties them in a module that still has its names; how many there were.
pub fn empty(path: &Path) -> Result<usize> {
    let mut config = ModuleConfig::new();
    config.generate_producers_section(false);
    let mut module = config.parse_file(path).with_context(|| format!("{} is no WebAssembly module", path.display()))?;
    let found: Vec<_> = module
        .funcs
        .iter_local()
        .filter(|(id, body)| body.size() >= LEAST && module.funcs.get(*id).name.as_deref().is_some_and(|name| name.contains(NEVER)))
        .map(|(id, _)| id)
        .collect();
    for id in &found {
        let (params, results) = signature(&module, *id);
        let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
        builder.func_body().unreachable();
        let arguments = params.iter().map(|kind| module.locals.add(*kind)).collect();
        let body = builder.local_func(arguments);
        module.funcs.get_mut(*id).kind = FunctionKind::Local(body);
    }
    if !found.is_empty() {
        // What only they called goes with them.
        walrus::passes::gc::run(&mut module);
        module.emit_wasm_file(path)?;
    }
    Ok(found.len())
}

fn signature(module: &Module, id: walrus::FunctionId) -> (Vec<walrus::ValType>, Vec<walrus::ValType>) {
    let kind = module.types.get(module.funcs.get(id).ty());
    (kind.params().to_vec(), kind.results().to_vec())
}
