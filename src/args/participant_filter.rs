//! Flags that choose among several participants; shared by the commands that look one up.

use clap::Args;

use crate::participants::filter::ParticipantFilter;
use crate::platform::error::{Error, Result};

/// Which participants count.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Choosing among several participants")]
pub struct ParticipantFilterArgs {
    /// Insist on exactly one participant; several are exit 9
    #[arg(long)]
    one: bool,
    /// Only participants of this segment
    #[arg(long, value_name = "NAME")]
    segment: Option<String>,
    /// Only participants of this catalog
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    catalog_id: Option<String>,
    /// Only participants of this campaign
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    campaign_id: Option<String>,
    /// Only participants with this status
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
}

impl ParticipantFilterArgs {
    /// Refuses filters if no participant is looked up.
    pub fn refuse(&self) -> Result<()> {
        let given = [
            ("--segment", &self.segment),
            ("--catalog-id", &self.catalog_id),
            ("--campaign-id", &self.campaign_id),
            ("--status", &self.status),
        ];
        given.into_iter().find(|(_, value)| value.is_some()).map_or(Ok(()), |(flag, _)| {
            Err(Error::usage(format!("`{flag}` chooses among participants, and none is looked up here"))
                .hint("`--as-login` and `--as-cpf` look one up"))
        })
    }

    /// What the flags say; `one` insists on one even without the flag.
    pub fn selection(&self, one: bool) -> ParticipantFilter {
        ParticipantFilter {
            one: self.one || one,
            segment: self.segment.clone(),
            catalog_id: self.catalog_id.clone(),
            campaign_id: self.campaign_id.clone(),
            status: self.status.clone(),
        }
    }
}
