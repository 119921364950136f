"""Networks as other tools have them."""
