//! The environment as a layer: one variable a setting, as the table of keys says, and a `_FILE` variable for secrets.

use std::ffi::OsStr;

use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::secrets::source::SecretSource;
use crate::settings::key::{SETTINGS, Setting, SettingKey, Shape};
use crate::settings::layer::{Layer, Origin, Value};

/// Reads every `M2M_` variable that is a setting. An empty variable counts as not set, but for a secret, where it is
/// more likely a mistake in the pipeline: reading the secret says so, unless the other variable says where it is. An
/// empty `M2M_PROXY` asks for none.
///
/// # Errors
/// Usage: a value is not UTF-8, or a secret is given twice.
pub fn layer(host: &Host) -> Result<Layer> {
    let mut layer = Layer::default();
    for setting in SETTINGS {
        let Some(name) = setting.env else { continue };
        if setting.shape == Shape::Secret {
            secret(host, setting, name, &mut layer)?;
        } else if setting.key == SettingKey::Proxy && host.process.var_os(name).is_some_and(OsStr::is_empty) {
            layer.set(setting.key, Value::Text(String::new()), Origin::Env(name.to_owned()));
        } else if let Some(text) = host.process.var(name)? {
            refuse_control_characters(name, setting.shape, text)?;
            let value = match setting.shape {
                Shape::List => Value::List(vec![text.to_owned()]),
                Shape::PathOrSecret => Value::Secret(SecretSource::of_path(text.into())),
                _ => Value::Text(text.to_owned()),
            };
            layer.set(setting.key, value, Origin::Env(name.to_owned()));
        }
    }
    Ok(layer)
}

/// Refuses what no setting can mean. A scope may stand on several lines.
fn refuse_control_characters(name: &str, shape: Shape, text: &str) -> Result<()> {
    if shape == Shape::List || !text.chars().any(char::is_control) {
        return Ok(());
    }
    let error = Error::usage(format!("the environment variable `{name}` holds a control character"))
        .cause(format!("its value is {text:?}"));
    Err(if text.ends_with('\r') {
        error
            .hint("a file with Windows line ends leaves a `\\r`: convert it, for example with `sed -i 's/\\r$//' FILE`")
    } else {
        error
    })
}

fn secret(host: &Host, setting: &Setting, name: &str, layer: &mut Layer) -> Result<()> {
    let file = format!("{name}_FILE");
    let path = host.process.var_os(&file).filter(|path| !path.is_empty());
    let value = host.process.var_os(name);
    match (value.filter(|value| path.is_none() || !value.is_empty()), path) {
        (Some(_), Some(_)) => {
            Err(Error::usage(format!("both `{name}` and `{file}` are set")).hint("unset one of them"))
        }
        (Some(_), None) => {
            layer.set(setting.key, Value::Secret(SecretSource::Env(name.to_owned())), Origin::Env(name.to_owned()));
            Ok(())
        }
        (None, Some(path)) => {
            layer.set(setting.key, Value::Secret(SecretSource::of_path(path.into())), Origin::Env(file));
            Ok(())
        }
        (None, None) => Ok(()),
    }
}
