"""Other tools' errors and conventions, on request: for comparisons with them."""
