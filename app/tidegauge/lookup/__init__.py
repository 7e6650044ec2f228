"""All that is known of one request, read from the topics and the state of the workers."""
