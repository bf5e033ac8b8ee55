"""People, units, roles and what each role may do."""
