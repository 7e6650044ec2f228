"""The documentation site: pages generated from the code, what it is built from, and its links.

A development tool that is not in the wheel: ``python -m tidegauge.site.generate`` writes the pages
that follow from the code, ``python -m tidegauge.site.build`` makes the site in ``build/site``.
"""
