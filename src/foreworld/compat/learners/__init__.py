"""Learners as other tools have them."""
