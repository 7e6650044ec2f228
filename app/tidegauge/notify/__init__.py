"""A subscriber of the alerts topic that tells people: Alertmanager, webhooks, chat and mail."""
