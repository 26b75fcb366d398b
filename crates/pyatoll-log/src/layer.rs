//! The events of `tracing`.

use std::fmt::{self, Write};

use log::Level;
use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::config;
use crate::record::{self, Line};

/// A layer of a `tracing` subscriber that logs events to Python, in the interpreter that the thread
/// is in.
///
/// The message is the event's message, followed by its other fields as `name=value`. The fields are
/// also attributes of Python's `LogRecord`. The attribute `span` has the names of the spans around
/// the event, outermost first, separated by colons.
///
/// The filters, caching and prefix are those of the interpreter's [`Logger`](crate::Logger).
///
/// ```
/// use pyatoll::prelude::*;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// # Python::initialize();
/// let handle = pyatoll_log::init();
/// let subscriber = tracing_subscriber::registry().with(pyatoll_log::layer());
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::warn!(target: "my_crate", attempts = 3, "no answer");
/// });
/// # drop(handle);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Layer(());

/// Creates a [`Layer`].
pub fn layer() -> Layer {
    Layer(())
}

fn level(metadata: &Metadata<'_>) -> Level {
    match *metadata.level() {
        tracing_core::Level::ERROR => Level::Error,
        tracing_core::Level::WARN => Level::Warn,
        tracing_core::Level::INFO => Level::Info,
        tracing_core::Level::DEBUG => Level::Debug,
        tracing_core::Level::TRACE => Level::Trace,
    }
}

impl<S> tracing_subscriber::Layer<S> for Layer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = level(metadata);
        if !config::may_want(metadata.target(), level) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let mut fields = text.fields;
        if let Some(scope) = context.event_scope(event) {
            let names: Vec<_> = scope.from_root().map(|span| span.name()).collect();
            fields.push(("span".to_owned(), names.join(":")));
        }
        record::send(&Line {
            target: metadata.target(),
            level,
            file: metadata.file(),
            line: metadata.line(),
            text: text.message + &text.rest,
            fields,
        });
    }
}

/// The text of an event.
#[derive(Default)]
struct Text {
    message: String,
    rest: String,
    fields: Vec<(String, String)>,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        if field.name() == "message" {
            self.message = value;
        } else {
            // Writing to a string does not fail.
            _ = write!(self.rest, " {}={value}", field.name());
            self.fields.push((field.name().to_owned(), value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Without the quotes of `Debug`.
        self.record_debug(field, &format_args!("{value}"));
    }
}
