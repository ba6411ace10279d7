"""A report of an evaluation, made from saved files alone: report.html to look at, report.md beside it.

saved (files) -> headline, mistakes, training (sections of blocks), rows -> page (HTML), document (Markdown)
"""
