"""TO WHOM: graduation of a lead to a named rep, the dossier, accept and return, results."""
