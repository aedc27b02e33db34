"""Result folders as they are written: whole files, a record per finished run, one writer."""
