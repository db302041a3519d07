"""Kinds of forms: the shapes that most questions share, to be filled with a quantity and words."""
