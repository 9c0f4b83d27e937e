"""Programs around the collector: its build, and the statements generated into its configuration."""
