"""Kinds of studies: what a run computes, and how its rows are summarised."""
