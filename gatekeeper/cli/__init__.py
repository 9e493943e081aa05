"""The command line of admins and team: one module per noun, each imported when it is called."""
