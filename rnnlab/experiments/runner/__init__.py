"""Computation of the runs of a study: in this process, in others, or on a cluster."""
