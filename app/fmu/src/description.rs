//! `modelDescription.xml` of FMI 1.0, 2.0 and 3.0. Each element gives what it knows to a card; what
//! is not in the standard is passed over.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::encoding::Decoder;
use quick_xml::events::{BytesStart, Event};

use crate::card::{Card, Experiment, Kind, Variable};

/// Elements inside elements; the standard needs six.
const DEEPEST: usize = 64;
/// Variables that are kept; a longer list is counted.
const MOST_VARIABLES: usize = 200_000;

/// Names of FMI 3's elements for variables, which are their types.
const TYPES_3: [&str; 15] = ["Float32", "Float64", "Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Boolean", "String", "Binary", "Enumeration", "Clock"];
/// Of FMI 1 and 2, inside `ScalarVariable`.
const TYPES: [&str; 5] = ["Real", "Integer", "Boolean", "String", "Enumeration"];

/// The attributes of an element.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(element: &BytesStart<'_>, decoder: Decoder) -> Result<Self, String> {
        let read = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| -> Result<(String, String), String> {
            let attribute = attribute.map_err(|error: quick_xml::events::attributes::AttrError| error.to_string())?;
            let value = attribute.decode_and_unescape_value(decoder).map_err(|error| error.to_string())?;
            Ok((String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned(), value.into_owned()))
        };
        element.attributes().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// What is there and says something.
    fn said(&self, name: &str) -> Option<String> {
        self.get(name).filter(|text| !text.trim().is_empty())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.trim().parse().ok()
    }
}

/// What is being read.
#[derive(Default)]
struct Reading {
    card: Card,
    /// Names of the open elements, outermost first.
    open: Vec<String>,
    /// The variable whose element is open, how deep it is, and its declared type's name.
    variable: Option<(usize, Variable, Option<String>)>,
    /// The declared type whose element is open (FMI 1 and 2).
    named: Option<String>,
    /// Units of declared types by name.
    units: BTreeMap<String, String>,
    /// Declared types of variables that have no unit of their own, by place.
    typed: Vec<(usize, String)>,
    root: bool,
}

impl Reading {
    fn root(&mut self, at: &Attributes) -> Result<(), String> {
        self.root = true;
        self.card.fmi_version = at.get("fmiVersion").ok_or("it names no fmiVersion")?;
        let card = &mut self.card;
        card.model_name = at.get("modelName").unwrap_or_default();
        (card.description, card.author, card.version) = (at.said("description"), at.said("author"), at.said("version"));
        (card.copyright, card.license) = (at.said("copyright"), at.said("license"));
        (card.generation_tool, card.generation_date) = (at.said("generationTool"), at.said("generationDateAndTime"));
        card.token = at.said("instantiationToken").or_else(|| at.said("guid"));
        match card.fmi_version.split('.').next() {
            Some("1" | "2" | "3") => Ok(()),
            _ => Err(format!("it is written for FMI {}, and versions 1 to 3 are known", card.fmi_version)),
        }
    }

    fn kind(&mut self, kind: Kind) {
        if !self.card.kinds.contains(&kind) {
            self.card.kinds.push(kind);
        }
    }

    fn begin_variable(&mut self, at: &Attributes, kind: Option<&str>) {
        let variable = Variable {
            name: at.get("name").unwrap_or_default(),
            causality: at.get("causality").unwrap_or_else(|| self.usual_causality().to_owned()),
            variability: at.get("variability").unwrap_or_else(|| usual_variability(kind).to_owned()),
            description: at.said("description"),
            ..Variable::default()
        };
        self.variable = Some((self.open.len(), variable, None));
        if let Some(kind) = kind {
            self.type_of_variable(at, kind);
        }
    }

    /// Where a file leaves it out (FMI 1.0 §3.3, FMI 2.0.4 §2.2.7, FMI 3.0.1 §2.4.7.4).
    fn usual_causality(&self) -> &'static str {
        if self.card.fmi_version.starts_with('1') { "internal" } else { "local" }
    }

    /// The element that names a variable's type, which is the variable's own in FMI 3.
    fn type_of_variable(&mut self, at: &Attributes, kind: &str) {
        let Some((_, variable, declared)) = &mut self.variable else { return };
        variable.kind = kind.to_owned();
        variable.unit = at.said("unit");
        variable.start = at.get("start");
        *declared = at.said("declaredType");
        // Only numbers with a fraction are continuous unless the file says otherwise.
        if variable.variability.is_empty() {
            variable.variability = usual_variability(Some(kind)).to_owned();
        }
    }

    fn end_variable(&mut self) {
        let Some((_, variable, declared)) = self.variable.take() else { return };
        if self.card.variables.len() >= MOST_VARIABLES {
            self.card.more_variables += 1;
            return;
        }
        if let (None, Some(declared)) = (&variable.unit, declared) {
            self.typed.push((self.card.variables.len(), declared));
        }
        self.card.variables.push(variable);
    }

    fn element(&mut self, name: &str, at: &Attributes) -> Result<(), String> {
        let parent = self.open.last().map(String::as_str).unwrap_or_default();
        match (parent, name) {
            ("", "fmiModelDescription") => self.root(at)?,
            ("", other) => return Err(format!("it begins with <{}> instead of <fmiModelDescription>", other.chars().take(40).collect::<String>())),
            ("fmiModelDescription", "ModelExchange") => self.kind(Kind::ModelExchange),
            ("fmiModelDescription", "CoSimulation") | ("Implementation", "CoSimulation_StandAlone" | "CoSimulation_Tool") => self.kind(Kind::CoSimulation),
            ("fmiModelDescription", "ScheduledExecution") => self.kind(Kind::ScheduledExecution),
            ("fmiModelDescription", "DefaultExperiment") => {
                self.card.experiment = Experiment { start: at.number("startTime"), stop: at.number("stopTime"), step: at.number("stepSize"), tolerance: at.number("tolerance") };
            }
            ("TypeDefinitions", "SimpleType" | "Type") => self.named = at.get("name"),
            ("SimpleType" | "Type", _) => {
                if let (Some(name), Some(unit)) = (&self.named, at.said("unit")) {
                    self.units.insert(name.clone(), unit);
                }
            }
            // FMI 3 names the type itself: Float64Type.
            ("TypeDefinitions", _) => {
                if let (Some(name), Some(unit)) = (at.get("name"), at.said("unit")) {
                    self.units.insert(name, unit);
                }
            }
            ("ModelVariables", "ScalarVariable") => self.begin_variable(at, None),
            ("ModelVariables", kind) if TYPES_3.contains(&kind) => self.begin_variable(at, Some(kind)),
            ("ScalarVariable", kind) if TYPES.contains(&kind) => self.type_of_variable(at, kind),
            (_, "Dimension") => {
                if let Some((_, variable, _)) = &mut self.variable {
                    variable.dimensions.extend(at.get("start").or_else(|| at.get("valueReference").map(|of| format!("#{of}"))));
                }
            }
            // FMI 3 writes the start values of texts as elements.
            ("String" | "Binary", "Start") => {
                if let (Some((_, variable, _)), Some(value)) = (&mut self.variable, at.get("value")) {
                    variable.start = Some(variable.start.take().map_or(value.clone(), |before| format!("{before} {value}")));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) {
        self.open.pop();
        if self.variable.as_ref().is_some_and(|(depth, ..)| *depth == self.open.len()) {
            self.end_variable();
        }
    }

    fn finish(mut self) -> Result<Card, String> {
        if !self.root {
            return Err("it is empty".to_owned());
        }
        for (place, declared) in self.typed {
            self.card.variables[place].unit = self.units.get(&declared).cloned();
        }
        // FMI 1 says so by leaving the implementation out.
        if self.card.fmi_version.starts_with('1') && self.card.kinds.is_empty() {
            self.card.kinds.push(Kind::ModelExchange);
        }
        Ok(self.card)
    }
}

/// Where a file leaves it out: empty until the type is known.
fn usual_variability(kind: Option<&str>) -> &'static str {
    match kind {
        None => "",
        Some("Real" | "Float32" | "Float64") => "continuous",
        Some(_) => "discrete",
    }
}

/// Reads the XML; why not, as the end of a sentence.
pub fn parse(text: &[u8]) -> Result<Card, String> {
    let mut reader = Reader::from_reader(text);
    reader.config_mut().trim_text(true);
    let mut reading = Reading::default();
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string().trim_end_matches('.').to_owned())?;
        match event {
            Event::Start(element) => {
                let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
                if reading.open.len() >= DEEPEST {
                    return Err(format!("its elements are nested more than {DEEPEST} deep"));
                }
                let attributes = Attributes::of(&element, reader.decoder())?;
                reading.element(&name, &attributes)?;
                reading.open.push(name);
            }
            Event::Empty(element) => {
                let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
                let attributes = Attributes::of(&element, reader.decoder())?;
                reading.element(&name, &attributes)?;
                reading.open.push(name);
                reading.close();
            }
            Event::End(_) => reading.close(),
            Event::DocType(_) => return Err("it declares a document type, which no FMU needs".to_owned()),
            Event::Eof if reading.open.is_empty() => return reading.finish(),
            Event::Eof => return Err("it ends in the middle".to_owned()),
            _ => {}
        }
        buffer.clear();
    }
}
