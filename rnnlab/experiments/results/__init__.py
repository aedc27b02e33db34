"""Result folders as they are read: manifest, tables, state, figures and files of a report."""
