"""Sections of `recipes.evaluate`: each measures one thing about a synthesiser and about recordings beside it."""
