"""The Grafana dashboards, as code: ``grafana/dashboards/`` is generated from this package.

A development tool: it needs the ``dev`` extra and is no part of the wheel.

- `panels` and `tables`: the few kinds of panel that are used, each with a title and a description;
- `variables`: what the person who looks can choose;
- `board`: puts panels into sections on the grid;
- `figures`: queries that several panels share;
- `marks`: what is marked in every graph;
- `overview`, with `overview_time`: all models;
- `models`: one model, with a dashboard for each kind; `binary`, `multiclass` and `regression` have
  what only that kind has, the other modules what they share;
- `pipeline`, with `workers`: Tidegauge itself;
- `generate`: the list of dashboards, and the command that writes or checks the files.

To add a panel, add it to the list of its section and run
``python -m tidegauge.dashboards.generate``.
"""
