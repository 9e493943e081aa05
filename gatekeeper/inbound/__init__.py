"""How mail gets in: spoken, made durable, opened, told apart (stages 1 to 4)."""
