//! What an FMU says about itself, the same for all three versions of the standard.

use serde::Serialize;

/// How an FMU can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// The importer brings the solver.
    ModelExchange,
    /// The FMU brings its own.
    CoSimulation,
    /// FMI 3: the importer activates model partitions.
    ScheduledExecution,
}

impl Kind {
    /// As the standard writes it, with a space.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ModelExchange => "Model Exchange",
            Self::CoSimulation => "Co-Simulation",
            Self::ScheduledExecution => "Scheduled Execution",
        }
    }
}

/// When a simulation begins and ends unless somebody chooses, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Experiment {
    /// First moment.
    pub start: Option<f64>,
    /// Last moment.
    pub stop: Option<f64>,
    /// Between two communication points.
    pub step: Option<f64>,
    /// Relative tolerance of the solver.
    pub tolerance: Option<f64>,
}

/// One scalar or array variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name, unique in the model.
    pub name: String,
    /// `input`, `output`, `parameter`, `calculatedParameter`, `local`, `independent`,
    /// `structuralParameter`; FMI 1's `internal` and `none` stay as they are.
    pub causality: String,
    /// `constant`, `fixed`, `tunable`, `discrete`, `continuous`; FMI 1's `parameter` too.
    pub variability: String,
    /// `Real`, `Integer`, `Boolean`, `String`, `Enumeration`; FMI 3's own such as `Float64`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The unit of its values, its own or its declared type's.
    pub unit: Option<String>,
    /// Its start value, as written.
    pub start: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// Its length in each dimension (FMI 3), a number or `#` and the reference of what holds it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<String>,
}

impl Variable {
    /// Which of the families it belongs to: values of one family can be connected without a change
    /// of type (FMI 2.0.4 §4.2; FMI 3.0.1 §2.4.7).
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self.kind.as_str() {
            "Real" | "Float32" | "Float64" => "Real",
            "Boolean" => "Boolean",
            "String" => "String",
            "Enumeration" => "Enumeration",
            "Binary" => "Binary",
            "Clock" => "Clock",
            _ => "Integer",
        }
    }
}

/// A platform that binaries are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `windows`, `darwin`, or empty for others.
    pub system: &'static str,
    /// `x86_64`, `x86`, `aarch64`, or empty for others.
    pub machine: &'static str,
}

impl Platform {
    /// From the name of a folder below `binaries/` (FMI 2.0.4 §2.3, FMI 3.0.1 §2.5.1.2.2).
    #[must_use]
    pub fn of_folder(folder: &str) -> Self {
        let of = |system, machine| Self { system, machine };
        match folder {
            "linux64" | "x86_64-linux" => of("linux", "x86_64"),
            "linux32" | "x86-linux" => of("linux", "x86"),
            "aarch64-linux" => of("linux", "aarch64"),
            "win64" | "x86_64-windows" => of("windows", "x86_64"),
            "win32" | "x86-windows" => of("windows", "x86"),
            "aarch64-windows" => of("windows", "aarch64"),
            "darwin64" | "x86_64-darwin" => of("darwin", "x86_64"),
            "aarch64-darwin" => of("darwin", "aarch64"),
            _ => of("", ""),
        }
    }

    /// In words; the folder's own name for a platform that the standard does not name.
    #[must_use]
    pub fn label(folder: &str) -> String {
        let system = match Self::of_folder(folder).system {
            "linux" => "Linux",
            "windows" => "Windows",
            "darwin" => "macOS",
            _ => return folder.to_owned(),
        };
        let machine = match Self::of_folder(folder).machine {
            "x86_64" => "64-bit",
            "x86" => "32-bit",
            _ => "ARM 64-bit",
        };
        format!("{system} {machine}")
    }
}

/// What an FMU is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Card {
    /// As written: `1.0`, `2.0`, `3.0`.
    pub fmi_version: String,
    /// The model's name.
    pub model_name: String,
    /// What it models.
    pub description: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// The model's version.
    pub version: Option<String>,
    /// Who owns it.
    pub copyright: Option<String>,
    /// Under which licence.
    pub license: Option<String>,
    /// The tool that wrote it.
    pub generation_tool: Option<String>,
    /// When, in ISO 8601.
    pub generation_date: Option<String>,
    /// FMI 1 and 2's GUID, FMI 3's instantiation token.
    pub token: Option<String>,
    /// Folders below `binaries/`, in order.
    pub platforms: Vec<String>,
    /// Whether it holds sources that can be compiled elsewhere.
    pub sources: bool,
    /// How it can be run.
    pub kinds: Vec<Kind>,
    /// What to simulate unless somebody chooses.
    pub experiment: Experiment,
    /// Its variables, in the order of the file.
    pub variables: Vec<Variable>,
    /// Variables beyond the limit, which are not in the list.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_variables: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Card {
    /// The variable of that name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Whether it runs on a platform; nothing where neither binaries nor sources say so.
    #[must_use]
    pub fn runs_on(&self, system: &str, machine: &str) -> bool {
        self.platforms.iter().map(|folder| Platform::of_folder(folder)).any(|platform| platform.system == system && platform.machine == machine)
    }
}
