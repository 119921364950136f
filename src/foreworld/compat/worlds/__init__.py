"""Worlds as other tools have them."""
