"""Texts, numbers and times as values, turned into another type without losing one in silence."""
