"""How mail gets out: sealed, claimed, handed to the relay (stages 7 to 9)."""
