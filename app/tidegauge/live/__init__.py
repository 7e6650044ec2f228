"""What is known of all models at this moment, read as any subscriber may; nothing is drawn here."""
