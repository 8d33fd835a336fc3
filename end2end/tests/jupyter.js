// Real programs in workspaces: JupyterLab out of a virtual environment, which `cargo xtask test` makes.
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

// Its programs name the place where it was made, links resolved; a sandbox sees it there.
const folder = process.env.WORKSPACE_VENV ?? join(import.meta.dirname, '../../target/workspace-venv');
export const venv = existsSync(folder) ? realpathSync(folder) : folder;

export const hasJupyter = () => existsSync(join(venv, 'bin/jupyter-lab'));

// The part of a configuration that starts JupyterLab for everybody.
export const jupyter = (idle = 60) => `
[workspaces]
domain = "localhost"
driver = "process"
idle_minutes = ${idle}
[workspaces.process]
command = ["${venv}/bin/jupyter-lab", "--no-browser", "--ServerApp.sock={socket}", "--ServerApp.allow_remote_access=True", "--IdentityProvider.token=", "--ServerApp.root_dir={folder}"]
home = "/lab"
open = "/lab/tree/{path}"
programs = ["${venv}"]
`;
