"""The tables of masking: what is known of secrets. The package ``patterns`` searches texts by these tables."""
