"""What people read: the texts of config/templates, filled with values and nothing else."""
