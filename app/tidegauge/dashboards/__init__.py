"""The Grafana dashboards, as code: ``grafana/dashboards/`` is generated from this package.

A development tool: it needs the ``dev`` extra and is no part of the wheel.

- `panels`, `charts` and `tables`: the kinds of panel that are used, each with a title and a
  description; `steps`: what becomes of answers before they are shown; `spread`, `alerts_table` and
  `causes`: panels that several dashboards share;
- `variables`: what the person who looks can choose;
- `marks`: what is marked in every graph;
- `board`: puts panels into sections on the grid, and links dashboards;
- `figures`: queries that several panels share;
- `overview`, with `overview_time`: all models;
- `models`: one model, with a dashboard for each kind; `binary`, `multiclass` and `regression` have
  what only that kind has, the other modules what they share;
- `drift`, `data_quality`, `improve`, `alerts`, and `pipeline` with `workers`: one dashboard each;
- `generate`: the list of dashboards, and the command that writes or checks the files;
- `preview`: draws them where there is no Grafana.

To add a panel, add it to the list of its section and run
``python -m tidegauge.dashboards.generate``.
"""
