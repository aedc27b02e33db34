"""Catalogue of cells: one file of equations each."""
