//! FMUs of all versions, and archives that mean harm.

use std::io::{Cursor, Write};

use fmu::{Error, Kind, Platform, read, read_description};
use proptest::prelude::{any, prop_assert, proptest};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).expect("a name");
        writer.write_all(content).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

const ONE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="1.0" modelName="Tank" modelIdentifier="Tank" guid="{8c4}" generationTool="Some Tool 3.1" numberOfContinuousStates="1" numberOfEventIndicators="0">
  <UnitDefinitions><BaseUnit unit="m"/></UnitDefinitions>
  <TypeDefinitions><Type name="Length"><RealType quantity="Length" unit="m"/></Type></TypeDefinitions>
  <DefaultExperiment startTime="0.0" stopTime="30" tolerance="1e-4"/>
  <ModelVariables>
    <ScalarVariable name="level" valueReference="0" causality="output"><Real declaredType="Length" start="1.5"/></ScalarVariable>
    <ScalarVariable name="open" valueReference="1" causality="input" variability="discrete"><Boolean start="false"/></ScalarVariable>
    <ScalarVariable name="state" valueReference="2"><Integer/></ScalarVariable>
  </ModelVariables>
</fmiModelDescription>"#;

const TWO: &str = r#"<fmiModelDescription fmiVersion="2.0" modelName="msd" guid="x" author="A &amp; B" license="MIT">
  <CoSimulation modelIdentifier="msd" canHandleVariableCommunicationStepSize="true"/>
  <ModelExchange modelIdentifier="msd"/>
  <TypeDefinitions><SimpleType name="N"><Real unit="N"/></SimpleType></TypeDefinitions>
  <DefaultExperiment startTime="0" stopTime="10" stepSize="0.001"/>
  <ModelVariables>
    <!-- one -->
    <ScalarVariable name="fk" valueReference="1" causality="output" variability="continuous" description="force"><Real declaredType="N"/></ScalarVariable>
    <ScalarVariable name="x1" valueReference="2" causality="input"><Real unit="m" start="0.5"/></ScalarVariable>
    <ScalarVariable name="mode" valueReference="3" causality="parameter" variability="fixed"><Enumeration declaredType="Mode" start="2"/></ScalarVariable>
  </ModelVariables>
  <ModelStructure><Outputs><Unknown index="1"/></Outputs></ModelStructure>
</fmiModelDescription>"#;

const THREE: &str = r#"<fmiModelDescription fmiVersion="3.0" modelName="van der Pol" instantiationToken="{tok}">
  <CoSimulation modelIdentifier="v"/><ScheduledExecution modelIdentifier="v"/>
  <TypeDefinitions><Float64Type name="Speed" unit="m/s"/></TypeDefinitions>
  <ModelVariables>
    <Float64 name="time" valueReference="0" causality="independent"/>
    <Float64 name="v" valueReference="1" causality="output" declaredType="Speed" start="1 2"><Dimension start="2"/><Dimension valueReference="9"/></Float64>
    <String name="s" valueReference="2" causality="parameter" variability="tunable"><Start value="a b"/><Start value="c"/></String>
    <Clock name="c" valueReference="3" causality="input" intervalVariability="triggered"/>
    <UInt8 name="n" valueReference="4" causality="structuralParameter" start="2"/>
  </ModelVariables>
</fmiModelDescription>"#;

fn line(card: &fmu::Card, name: &str) -> String {
    let v = card.variable(name).expect("it is there");
    format!("{} {} {} {} {:?} {:?} {:?}", v.name, v.causality, v.variability, v.kind, v.unit, v.start, v.dimensions)
}

#[test]
fn all_three_versions() {
    let one = read(&zip(&[("modelDescription.xml", ONE.as_bytes()), ("binaries/win32/Tank.dll", b"x"), ("binaries/linux64/Tank.so", b"x"), ("binaries/", b"")])).expect("FMI 1");
    assert_eq!((one.fmi_version.as_str(), one.model_name.as_str(), one.generation_tool.as_deref()), ("1.0", "Tank", Some("Some Tool 3.1")));
    assert_eq!((one.platforms.clone(), one.kinds.clone(), one.sources), (vec!["linux64".to_owned(), "win32".to_owned()], vec![Kind::ModelExchange], false));
    assert_eq!(line(&one, "level"), r#"level output continuous Real Some("m") Some("1.5") []"#);
    assert_eq!(line(&one, "open"), r#"open input discrete Boolean None Some("false") []"#);
    assert_eq!(line(&one, "state"), "state internal discrete Integer None None []");
    assert!(one.runs_on("linux", "x86_64") && !one.runs_on("darwin", "aarch64"));

    let two = read(&zip(&[("modelDescription.xml", TWO.as_bytes()), ("sources/m.c", b"x"), ("binaries/aarch64-linux/m.so", b"x")])).expect("FMI 2");
    assert_eq!((two.author.as_deref(), two.license.as_deref(), two.sources), (Some("A & B"), Some("MIT"), true));
    assert_eq!(two.kinds, [Kind::CoSimulation, Kind::ModelExchange]);
    assert_eq!((two.experiment.stop, two.experiment.step), (Some(10.0), Some(0.001)));
    assert_eq!(line(&two, "fk"), r#"fk output continuous Real Some("N") None []"#);
    assert_eq!(line(&two, "x1"), r#"x1 input continuous Real Some("m") Some("0.5") []"#);
    assert_eq!(line(&two, "mode"), r#"mode parameter fixed Enumeration None Some("2") []"#);

    let three = read_description(THREE.as_bytes()).expect("FMI 3");
    assert_eq!(three.kinds, [Kind::CoSimulation, Kind::ScheduledExecution]);
    assert_eq!(line(&three, "v"), r##"v output continuous Float64 Some("m/s") Some("1 2") ["2", "#9"]"##);
    assert_eq!(line(&three, "s"), r#"s parameter tunable String None Some("a b c") []"#);
    assert_eq!(three.variables.iter().map(fmu::Variable::family).collect::<Vec<_>>(), ["Real", "Real", "String", "Clock", "Integer"]);
    assert_eq!(Platform::label("x86_64-windows"), "Windows 64-bit");
}

#[test]
fn what_is_wrong_is_said() {
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("nothing", Vec::new(), "not a complete zip"),
        ("a pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n".to_vec(), "Git LFS pointer"),
        ("another zip", zip(&[("a.txt", b"x")]), "no modelDescription.xml"),
        ("a way out", zip(&[("modelDescription.xml", TWO.as_bytes()), ("../../etc/passwd", b"x")]), "leads out of the archive"),
        ("no XML", zip(&[("modelDescription.xml", b"{}")]), "cannot be read"),
        ("cut off", zip(&[("modelDescription.xml", &TWO.as_bytes()[..400])]), "cannot be read"),
        ("another root", zip(&[("modelDescription.xml", b"<html><body/></html>")]), "begins with <html>"),
        ("of tomorrow", zip(&[("modelDescription.xml", b"<fmiModelDescription fmiVersion='4.0'/>")]), "versions 1 to 3"),
        ("entities", zip(&[("modelDescription.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><fmiModelDescription fmiVersion='2.0'/>")]), "document type"),
    ];
    for (what, bytes, said) in cases {
        let error = read(&bytes).expect_err(what).to_string();
        assert!(error.contains(said), "{what}: {error}");
    }
    let whole = zip(&[("modelDescription.xml", TWO.as_bytes())]);
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "{end} of {} bytes", whole.len());
    }
}

#[test]
fn bombs_and_crowds_are_refused() {
    let mut bomb = b"<fmiModelDescription fmiVersion='2.0'><!--".to_vec();
    bomb.resize(70 * 1024 * 1024, b' ');
    let packed = zip(&[("modelDescription.xml", &bomb)]);
    assert!(packed.len() < 200_000, "{}", packed.len());
    assert_eq!(read(&packed), Err(Error::Large));
    let names: Vec<String> = (0..10_000).map(|n| format!("resources/{n}")).collect();
    let crowd: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    assert_eq!(read(&zip(&crowd)), Err(Error::Entries(10_000)));
    let deep = "<a>".repeat(100_000);
    assert!(read_description(format!("<fmiModelDescription fmiVersion='2.0'>{deep}").as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(place in 0_usize..2_000, byte in any::<u8>(), cut in 0_usize..2_000) {
        let mut bytes = zip(&[("modelDescription.xml", THREE.as_bytes()), ("binaries/linux64/v.so", b"x")]);
        let length = bytes.len();
        bytes[place % length] = byte;
        let _ = read(&bytes);
        bytes.truncate(length - cut % length);
        prop_assert!(read(&bytes).is_err() || cut % length == 0);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[<>/a-zA-Z\"'=& ]{0,200}") {
        let _ = read_description(text.as_bytes());
    }
}
