"""The only door to the database: tables, transactions, sealing, and one module per noun."""
