"""What is known of secrets, as tables: the rules. How they are applied is told beside this package."""
