"""Settings of a study: validated, read from files and options, and resolved for every run."""
