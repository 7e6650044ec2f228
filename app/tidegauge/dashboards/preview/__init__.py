"""Draws the dashboards from their files with real figures, where there is no Grafana.

``python -m tidegauge.dashboards.preview --prometheus URL --out FOLDER`` asks a Prometheus each
query of each panel as Grafana would, and writes a page for each dashboard, light and dark, that
needs nothing else. It is a preview: near to Grafana in layout, units, colours and tables, no copy.

- `prometheus`: asks; `choice`: what is chosen on a dashboard by default;
- `frames`: results as tables, and Grafana's transformations of them;
- `units` and `looks`: values in words, colours;
- `graph` draws lines and bars, `rowed` states, `tabular` tables, tiles and bars;
- `panel` chooses between them; `page` puts panels where their file does.
"""
