"""The Faust application: transport, ownership, restore, commit."""
